import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { writeFileAtomically } from "../atomic-file.ts";
import { jsonOrNothing, unwritable } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { isSystemError } from "../file-error.ts";

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What was backed up is no longer what it was: what there is to say of a file. */
export function damaged(file: string, what: string): CommandFailure {
  return damagedAs(file, `is damaged: ${what}`);
}

/** The same, in other words than that it is damaged. */
export function damagedAs(file: string, what: string): CommandFailure {
  return new CommandFailure({
    code: "BACKUP_DAMAGED",
    message: `${file} ${what}.`,
    hint: "See all damage with: durable-streams backup verify DIR",
    exitCode: EXIT.verification,
  });
}

export function isDamage(error: unknown): error is CommandFailure {
  return error instanceof CommandFailure && error.code === "BACKUP_DAMAGED";
}

/** Writes a value as one line of JSON, and the line's hash as a second one; whole or not at all. */
export async function writeChecked(file: string, value: unknown): Promise<void> {
  const line = JSON.stringify(value);
  await writeFileAtomically(file, [`${line}\n${JSON.stringify({ sha256: sha256(line) })}\n`]).catch(
    (error: unknown) => {
      throw unwritable("file", file, error);
    },
  );
}

/** There is no such file: also where what should be its folder is a file, as some desktops leave them everywhere. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

/** What is wrong with this very file, and no reason to give up others: a bad sector, rights, a socket or a loop of links. */
const UNREADABLE: ReadonlySet<string> = new Set(["EIO", "EACCES", "EPERM", "ENXIO", "ELOOP"]);

/**
 * The content of a file; `undefined` when there is none. One that cannot be read is damage, and so is a pipe in its place,
 * which would be waited for without end; `checkSize` may throw before anything is read.
 */
export async function readRegular(file: string, checkSize?: (bytes: number) => void): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw damaged(file, "it is not a file");
      checkSize?.(found.size);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (ABSENT.has(error.code)) return undefined;
    throw UNREADABLE.has(error.code) ? damaged(file, `it cannot be read (${error.code})`) : error;
  }
}

/** Reads such a file; `undefined` when there is none. Throws `BACKUP_DAMAGED` where it is not what was written. */
export async function readChecked(file: string): Promise<unknown> {
  const content = await readRegular(file);
  if (content === undefined) return undefined;
  const text = content.toString();
  const [line = "", hash = "", rest] = text.split("\n");
  const said = jsonOrNothing(hash);
  const isSame =
    typeof said === "object" && said !== null && "sha256" in said && said.sha256 === sha256(line) && rest === "";
  if (!isSame) throw damaged(file, "its first line does not have the hash that its second line says");
  return jsonOrNothing(line);
}
