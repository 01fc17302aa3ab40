import { chmod, lstat, mkdir, stat } from "node:fs/promises";
import type { Stats } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { CommandFailure } from "../command-failure.ts";
import { isSystemError } from "../file-error.ts";
import { unwritable } from "../checkpoint-file.ts";

const OTHERS = 0o077;
const STICKY = 0o1000;
const HAS_MODES = process.platform !== "win32";

/** Where the folder is, by the environment (`DURABLE_STREAMS_CONFIG_DIR`, `XDG_CONFIG_HOME`). */
function folderPath(env: Readonly<Record<string, string | undefined>>): string {
  const { DURABLE_STREAMS_CONFIG_DIR: own = "", XDG_CONFIG_HOME: configHome = "" } = env;
  if (own !== "") return path.resolve(own);
  // The XDG specification wants relative ones ignored.
  const base = path.isAbsolute(configHome) ? configHome : path.join(homedir(), ".config");
  return path.join(base, "durable-streams");
}

/** Whether others than the owner may do anything with a file or folder. */
export function isOpenToOthers({ mode }: Stats): boolean {
  return HAS_MODES && (mode & OTHERS) !== 0;
}

/** The user's folder of contexts and credentials, which nobody else may look into. */
export class ConfigFolder {
  /** Absolute. */
  readonly path: string;
  /** Whether reading takes away what others may do with folder and files. */
  readonly narrows: boolean;
  readonly #warn: (sentence: string) => void;
  readonly #said = new Set<string>();
  #isChecked = false;

  /**
   * `warn` is told what the user should know of the folder; every sentence once. Without `narrows` permissions stay as they
   * are, and nothing is said of them: that is for who only looks.
   */
  constructor(
    warn: (sentence: string) => void,
    env: Readonly<Record<string, string | undefined>> = process.env,
    narrows = true,
  ) {
    this.path = folderPath(env);
    this.narrows = narrows;
    this.#warn = warn;
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  warn(sentence: string): void {
    if (this.#said.has(sentence)) return;
    this.#said.add(sentence);
    this.#warn(sentence);
  }

  /** Makes the folder if it is not there, and says where writing into it is not what it seems. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw isSystemError(error) && error.code === "EEXIST" ? this.#noFolder() : unwritable("folder", this.path, error);
    }
    const found = await lstat(this.path);
    if (found.isSymbolicLink()) this.warn(`${this.path} is a symbolic link; what is saved goes to where it leads.`);
    await this.check();
    const { uid } = await stat(this.path);
    const self = process.getuid?.();
    if (self !== undefined && uid !== self) {
      this.warn(`${this.path} belongs to another user (uid ${String(uid)}), who can get at what is saved there.`);
    }
  }

  /** Takes away what others may do with the folder, and says so. */
  async check(): Promise<void> {
    if (this.#isChecked) return;
    this.#isChecked = true;
    const found = await stat(this.path);
    if (!found.isDirectory()) throw this.#noFolder();
    if (!this.narrows || !isOpenToOthers(found)) return;
    // A folder that many share, such as /tmp, is not closed to them.
    const isShared = (found.mode & STICKY) !== 0;
    const isNarrowed = !isShared && (await chmod(this.path, 0o700).then(yes, no));
    this.warn(
      isNarrowed
        ? `Others could look into ${this.path}; now only you can (0700).`
        : `Others can look into ${this.path}; choose a folder of your own with DURABLE_STREAMS_CONFIG_DIR.`,
    );
  }

  #noFolder(): CommandFailure {
    const hint = "Move it away, or choose another folder with DURABLE_STREAMS_CONFIG_DIR.";
    return new CommandFailure({ code: "CONFIG_UNUSABLE", message: `${this.path} is not a folder.`, hint });
  }
}

function yes(): true {
  return true;
}

function no(): false {
  return false;
}
