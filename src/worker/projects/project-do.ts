import { DurableObject } from "cloudflare:workers";
import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import {
  changeSettings,
  isOrigin,
  retireOldKeys,
  rotateKeys,
  type ProjectRecord,
  type SettingsChange,
  type SigningKey,
} from "../../protocol/project.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { ProjectStorage, type StoredProject } from "./project-storage.ts";
import { legacyKeys, parseRegistryCopy } from "./registry-copy.ts";

/** What a project's object needs of its environment. */
export interface ProjectEnv {
  /** Holds a copy of every project's record, under the project's name. */
  REGISTRY?: KVNamespace;
}

/** The object that has the names of all projects. No project is called like that. */
export const PROJECT_INDEX = "__ds/index";

/** A creation that succeeded: anew, or because the project is there with the very key. */
export interface CreatedProject {
  readonly isNew: boolean;
  readonly record: ProjectRecord;
}

const COPY_RETRY_MS = 10_000;
const COPY_RETRY_MAX_MS = 60 * 60 * 1000;

/**
 * One project: the truth about its keys and settings. Every change makes a new version, which goes to KV by the alarm, so
 * that a KV that is slow or down holds up no change and misses none.
 */
export class ProjectDO extends DurableObject<ProjectEnv> {
  readonly #storage: ProjectStorage;
  #takeOver: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: ProjectEnv) {
    super(ctx, env);
    this.#storage = new ProjectStorage(ctx.storage);
  }

  /** The project as it is now. A name that was never used takes over what an earlier library left in KV. */
  async record(name: string): Promise<ProjectRecord | undefined> {
    await this.#ready(name);
    return this.#current();
  }

  /** Makes the project, with its first key. */
  async create(name: string, key: SigningKey, settings: SettingsChange): Promise<Parsed<CreatedProject>> {
    await this.#ready(name);
    const there = this.#current();
    if (there !== undefined) {
      if (there.keys.some(({ kid }) => kid === key.kid)) return parsed({ isNew: false, record: there });
      return failed(
        protocolError(
          "PROJECT_EXISTS",
          `The project ${quote(name)} is there already, with another key; rotate its key, or delete it first.`,
        ),
      );
    }
    const record = { name, createdAtMs: Date.now(), keys: [key], ...changeSettings({ corsOrigins: [] }, settings) };
    return parsed({ isNew: true, record: this.#store(record) });
  }

  /** Changes settings. */
  async change(name: string, change: SettingsChange): Promise<Parsed<ProjectRecord>> {
    await this.#ready(name);
    const record = this.#current();
    if (record === undefined) return failed(noProject(name));
    const { version, keys, createdAtMs, ...settings } = record;
    return parsed(this.#store({ keys, createdAtMs, ...changeSettings(settings, change), name }));
  }

  /** Makes `key` the one that signs; the others are accepted for `overlapMs` more. */
  async rotate(name: string, key: SigningKey, overlapMs: number): Promise<Parsed<ProjectRecord>> {
    await this.#ready(name);
    const record = this.#current();
    if (record === undefined) return failed(noProject(name));
    const keys = rotateKeys(record.keys, key, overlapMs, Date.now());
    return keys.ok ? parsed(this.#withKeys(record, keys.value)) : keys;
  }

  /** Retires the key `kid` now, or without one all but the key that signs. */
  async retire(name: string, kid?: string): Promise<Parsed<ProjectRecord>> {
    await this.#ready(name);
    const record = this.#current();
    if (record === undefined) return failed(noProject(name));
    if (kid === undefined) return parsed(this.#withKeys(record, retireOldKeys(record.keys, Date.now())));
    const at = record.keys.findIndex((key) => key.kid === kid);
    if (at > 0)
      return parsed(
        this.#withKeys(
          record,
          record.keys.filter((key) => key.kid !== kid),
        ),
      );
    const what = at === 0 ? "is the one that signs; rotate to another one first" : "is none of the project's";
    return failed(protocolError("KEY_NOT_FOUND", `The key ${quote(kid)} ${what}.`));
  }

  /** Forgets the project but for its version. Its streams stay, and nobody reaches them until it is created again. */
  async remove(name: string): Promise<boolean> {
    await this.#ready(name);
    if (this.#current() === undefined) return false;
    this.#put({ name, version: this.#nextVersion(), copyIsDue: true });
    return true;
  }

  /** Of the index alone: projects that there may be. A name is here before its project is, and until after that is gone. */
  addName(name: string): void {
    this.#storage.addName(name);
  }

  /** Of the index alone. */
  removeName(name: string): void {
    this.#storage.removeName(name);
  }

  /** Of the index alone: names after `after`, in order. */
  names(after: string, limit: number): string[] {
    return this.#storage.names(after, limit);
  }

  /** Brings KV's copy up to date. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const stored = this.#storage.load();
    const { REGISTRY: registry } = this.env;
    if (stored?.copyIsDue !== true || registry === undefined) return;
    try {
      if (stored.record === undefined) await registry.delete(stored.name);
      else await registry.put(stored.name, JSON.stringify(stored.record));
    } catch (error) {
      console.error(error);
      const waitMs = Math.min(COPY_RETRY_MS * 2 ** (info?.retryCount ?? 0), COPY_RETRY_MAX_MS);
      await this.ctx.storage.setAlarm(Date.now() + waitMs);
      return;
    }
    // A change that came meanwhile has set an alarm of its own.
    const now = this.#storage.load();
    if (now?.version === stored.version) this.#storage.put({ ...stored, copyIsDue: false });
  }

  /** After this the object's own state says everything. What follows in the same turn sees no other change in between. */
  async #ready(name: string): Promise<void> {
    if (this.#storage.load() === undefined) await this.#takeOverOnce(name);
  }

  #current(): ProjectRecord | undefined {
    return this.#storage.load()?.record;
  }

  #takeOverOnce(name: string): Promise<void> {
    this.#takeOver ??= this.#takeOverLegacy(name).finally(() => (this.#takeOver = undefined));
    return this.#takeOver;
  }

  async #takeOverLegacy(name: string): Promise<void> {
    const copy = parseRegistryCopy(await this.env.REGISTRY?.get(name, "json").catch(ignoreUnreadable));
    if (copy?.kind !== "legacy" || this.#storage.load() !== undefined) return;
    const nowMs = Date.now();
    const keys = await legacyKeys(copy.secrets, nowMs);
    if (this.#storage.load() !== undefined) return;
    this.#store({ name, createdAtMs: nowMs, keys, corsOrigins: copy.corsOrigins.filter(isOrigin) });
  }

  /** The record with other keys; asked for those that it has, it stays as it is. */
  #withKeys(record: ProjectRecord, keys: readonly SigningKey[]): ProjectRecord {
    return JSON.stringify(keys) === JSON.stringify(record.keys) ? record : this.#store({ ...record, keys });
  }

  #store(record: Omit<ProjectRecord, "version">): ProjectRecord {
    const version = this.#nextVersion();
    const stored = { ...record, version };
    this.#put({ name: record.name, version, record: stored, copyIsDue: true });
    return stored;
  }

  #put(stored: StoredProject): void {
    this.#storage.put(stored);
    void this.ctx.storage.setAlarm(Date.now());
  }

  #nextVersion(): number {
    return (this.#storage.load()?.version ?? 0) + 1;
  }
}

/** Text that is no JSON is nobody's record; a KV that does not answer is another matter, and throws. */
function ignoreUnreadable(error: unknown): undefined {
  if (error instanceof SyntaxError) return undefined;
  throw error;
}

function noProject(name: string): ProtocolError {
  return protocolError("PROJECT_NOT_FOUND", `There is no project ${quote(name)}; create it first.`);
}
