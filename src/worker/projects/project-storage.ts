import type { ProjectRecord } from "../../protocol/project.ts";

/** What a project's object keeps: one small value, which stays when the project is deleted. */
export interface StoredProject {
  readonly name: string;
  /** Of the last change, the deletion included. */
  readonly version: number;
  /** `undefined` once the project is deleted: what is left is its tombstone. */
  readonly record: ProjectRecord | undefined;
  /** Whether the name is in the list of all projects. */
  readonly isListed: boolean;
  /** The version that KV has; 0 for none. */
  readonly copiedVersion: number;
  /** How often, in a row, the list or KV could not be told. */
  readonly failures: number;
}

/** As it is stored: fields are only ever added, and get a default where an older value lacks them. */
interface Stored extends StoredProject {
  readonly format: number;
}

const FORMAT = 1;
const PROJECT_KEY = "project";
const NAME_PREFIX = "name/";

/** Everything that objects of `ProjectDO` store: a project's own holds the first part, the one of all names the second. */
export class ProjectStorage {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Reading writes nothing, so a name that was never used costs nothing. Throws on what a later version stored. */
  load(): StoredProject | undefined {
    const stored = this.#storage.kv.get<Stored>(PROJECT_KEY);
    if (stored === undefined || stored.format <= FORMAT) return stored;
    throw new Error(
      `The project is stored in format ${String(stored.format)} and this code knows ${String(FORMAT)}; deploy the newer version again.`,
    );
  }

  /** Stores the project, and with it, in the same commit, when the alarm is to come; `undefined` for no more alarm. */
  save(project: StoredProject, alarmAtMs: number | undefined): void {
    const stored: Stored = { format: FORMAT, ...project };
    this.#storage.kv.put(PROJECT_KEY, stored);
    if (alarmAtMs === undefined) void this.#storage.deleteAlarm();
    else this.setAlarm(alarmAtMs);
  }

  setAlarm(atMs: number): void {
    void this.#storage.setAlarm(atMs);
  }

  /** Puts a name into the list; `version` is that of the project which it is there for. */
  putName(name: string, version: number): void {
    const key = `${NAME_PREFIX}${name}`;
    if (version > (this.#storage.kv.get<number>(key) ?? 0)) this.#storage.kv.put(key, version);
  }

  /** Takes a name out of the list, unless it is there for a later project of that name. */
  removeName(name: string, version: number): void {
    const key = `${NAME_PREFIX}${name}`;
    const listed = this.#storage.kv.get<number>(key);
    if (listed !== undefined && listed <= version) this.#storage.kv.delete(key);
  }

  /** Names in the order of their bytes, at most `limit` of them that come after `after`. */
  names(after: string, limit: number): string[] {
    const listed = this.#storage.kv.list({ prefix: NAME_PREFIX, startAfter: `${NAME_PREFIX}${after}`, limit });
    return [...listed].map(([key]) => key.slice(NAME_PREFIX.length));
  }
}
