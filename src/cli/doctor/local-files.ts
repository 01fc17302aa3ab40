import { chmod, stat } from "node:fs/promises";
import { quote } from "../call-words.ts";
import { type ConfigFolder, isOpenToOthers } from "../config/config-folder.ts";
import { isSystemError } from "../file-error.ts";
import { lockLeftovers, removeLeftovers } from "../file-lock.ts";
import { type Check, failed, type Finding, ok, SkippedCheck, warning } from "./check.ts";

const STICKY = 0o1000;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const FILES = ["contexts.json", "credentials.json"];
/** Holds secrets. */
const CREDENTIALS = "credentials.json";

/** What lies on this machine: the folder of contexts and credentials, and the locks of commands in `cwd` and there. */
export function localChecks(folder: ConfigFolder, cwd: string): readonly Check[] {
  return [
    { name: "config-folder", look: () => permissions(folder) },
    { name: "locks", look: () => locks([...new Set([folder.path, cwd])]) },
  ];
}

interface Opened {
  readonly path: string;
  readonly mode: number;
}

async function permissions(folder: ConfigFolder): Promise<Finding> {
  const own = await statIfThere(folder.path);
  if (own === undefined)
    throw new SkippedCheck(`There is no ${folder.path}: no context and no credential is saved yet.`);
  if (!own.isDirectory()) {
    return failed(`${folder.path} is not a folder.`, "Move it away, or choose another by DURABLE_STREAMS_CONFIG_DIR.");
  }
  if (isOpenToOthers(own) && (own.mode & STICKY) !== 0) {
    const detail = `${folder.path} is shared with everybody on this machine.`;
    return failed(detail, "Choose a folder of your own by DURABLE_STREAMS_CONFIG_DIR.");
  }
  const open: Opened[] = isOpenToOthers(own) ? [{ path: folder.path, mode: FOLDER_MODE }] : [];
  for (const name of FILES) {
    const found = await statIfThere(folder.file(name));
    if (found !== undefined && isOpenToOthers(found)) open.push({ path: folder.file(name), mode: FILE_MODE });
  }
  return open.length === 0 ? ok(`Only you can look into ${folder.path}.`) : openedFinding(open);
}

function openedFinding(open: readonly Opened[]): Finding {
  const paths = open.map(({ path }) => path).join(" and ");
  const isLeaking = open.some(({ path }) => path.endsWith(CREDENTIALS));
  const rotate = isLeaking ? " If somebody else uses this machine, rotate the secrets in it." : "";
  const mend = open.map(({ path, mode }) => `chmod ${mode.toString(8)} ${quote(path)}`).join(" && ");
  const make = isLeaking ? failed : warning;
  return {
    ...make(`Others on this machine can look into ${paths}.${rotate}`, mend),
    async fix() {
      for (const { path, mode } of open) await chmod(path, mode);
      return `Made ${paths} yours alone.${rotate}`;
    },
  };
}

async function statIfThere(file: string) {
  return stat(file).catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function locks(folders: readonly string[]): Promise<Finding> {
  const found = await Promise.all(folders.map(lockLeftovers));
  const claims = found.flatMap((each) => each.claims);
  const spent = found.flatMap((each) => each.spent);
  const all = [...claims, ...spent];
  if (all.length === 0) return ok("No lock is left of a command that was killed.");
  const detail = `Commands that were killed have left ${all.join(" and ")}.`;
  const mend = `rm ${all.map(quote).join(" ")}`;
  const finding =
    claims.length === 0 ? warning(detail, mend) : failed(`${detail} No command can lock those files any more.`, mend);
  return {
    ...finding,
    async fix() {
      await removeLeftovers({ claims, spent });
      return `Removed ${all.join(" and ")}.`;
    },
  };
}
