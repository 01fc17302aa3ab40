import { PROJECT_FRESH_MS, PROJECT_PATIENCE_MS } from "../../protocol/limits.ts";
import {
  acceptedKeys,
  changeSettings,
  retireOldKeys,
  rotateKeys,
  type ProjectRecord,
  type ProjectSettings,
  type SettingsChange,
  type SigningKey,
} from "../../protocol/project.ts";
import { withinTime } from "../segments/within-time.ts";
import type {
  ChangeProjectOutcome,
  CreateProjectOutcome,
  DeleteProjectOutcome,
  RetireOutcome,
  RotateOutcome,
} from "./operations.ts";
import { Outbox, type Listeners } from "./outbox.ts";
import type { ProjectStorage, StoredProject } from "./project-storage.ts";
import { readRegistryCopy, recordOf } from "./registry-copy.ts";

const NO_SETTINGS: ProjectSettings = { corsOrigins: [] };
const ABSENT = { kind: "absent" } as const;

/** A key without the time at which it came. */
export type NewKey = Pick<SigningKey, "kid" | "secret">;

/** One project, whose object is the only place where it changes. */
export class Project {
  readonly #storage: ProjectStorage;
  readonly #listeners: Listeners;
  readonly #outbox: Outbox;
  /** Changes come one after the other: they wait for other objects and for KV. */
  #changing: Promise<unknown> = Promise.resolve();
  #takingOver: Promise<StoredProject | undefined> | undefined;
  /** Until when it is taken for granted that KV holds nothing to take over: its own caches are older than this. */
  #emptyUntilMs = 0;

  constructor(storage: ProjectStorage, listeners: Listeners) {
    this.#storage = storage;
    this.#listeners = listeners;
    this.#outbox = new Outbox(storage, listeners);
  }

  /** What is known of the project; `undefined` when there is none. Throws when KV has to be asked and does not answer. */
  async record(name: string): Promise<ProjectRecord | undefined> {
    return (await this.#load(name))?.record;
  }

  create(name: string, key: NewKey, settings: SettingsChange): Promise<CreateProjectOutcome> {
    return this.#inTurn(async () => {
      const before = await this.#load(name);
      if (before?.record !== undefined) return confirm(before.record, key.kid, settings);
      const version = (before?.version ?? 0) + 1;
      // First of all: a name in the list without a project does no harm, a project that is in no list would.
      await this.#listeners.putName(name, version);
      const createdAtMs = Date.now();
      const keys = [{ ...key, createdAtMs }];
      const record = { name, version, createdAtMs, ...changeSettings(NO_SETTINGS, settings), keys };
      const { copiedVersion = 0 } = before ?? {};
      this.#outbox.save({ name, version, record, isListed: true, copiedVersion, failures: 0 });
      await this.#outbox.settle();
      return { kind: "created", record };
    });
  }

  change(name: string, settings: SettingsChange): Promise<ChangeProjectOutcome> {
    return this.#update(name, async (record) => {
      const { bodyMaxBytes: _body, readersMax: _readers, streamsMax: _streams, ...rest } = record;
      return this.#store(record, { ...rest, ...changeSettings(record, settings) });
    });
  }

  rotate(name: string, key: NewKey, overlapMs: number): Promise<RotateOutcome> {
    return this.#update<RotateOutcome>(name, async (record) => {
      const nowMs = Date.now();
      const keys = rotateKeys(record.keys, { ...key, createdAtMs: nowMs }, overlapMs, nowMs);
      if (!keys.ok) return { kind: "refused", error: keys.error };
      const isNew = acceptedKeys(record, nowMs)[0]?.kid !== key.kid;
      return { ...(await this.#store(record, { ...record, keys: keys.value })), isNew };
    });
  }

  /** Retires every key but the one that signs, or only the one of that `kid`. */
  retire(name: string, kid: string | undefined): Promise<RetireOutcome> {
    return this.#update<RetireOutcome>(name, async (record) => {
      const accepted = acceptedKeys(record, Date.now());
      if (kid === undefined) return this.#store(record, { ...record, keys: retireOldKeys(record.keys, Date.now()) });
      if (accepted[0]?.kid === kid) return { kind: "signs" };
      const keys = accepted.filter((key) => key.kid !== kid);
      return keys.length === accepted.length ? { kind: "no-key" } : this.#store(record, { ...record, keys });
    });
  }

  delete(name: string): Promise<DeleteProjectOutcome> {
    return this.#inTurn(async () => {
      const before = await this.#load(name);
      if (before?.record === undefined) return ABSENT;
      this.#outbox.save({ ...before, version: before.version + 1, record: undefined, failures: 0 });
      await this.#outbox.settle();
      return { kind: "deleted" };
    });
  }

  /** What the alarm does. */
  takeUp(): Promise<void> {
    return this.#outbox.takeUp();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  #update<T extends { readonly kind: string } = ChangeProjectOutcome>(
    name: string,
    work: (record: ProjectRecord) => Promise<T>,
  ): Promise<T | typeof ABSENT> {
    return this.#inTurn(async () => {
      const before = await this.#load(name);
      return before?.record === undefined ? ABSENT : work(before.record);
    });
  }

  /** Stores a change as the next version. What changes nothing is none. */
  async #store(
    before: ProjectRecord,
    after: ProjectRecord,
  ): Promise<{ readonly kind: "done"; readonly record: ProjectRecord }> {
    const stored = this.#storage.load();
    if (stored === undefined || isSame(before, after)) return { kind: "done", record: before };
    const version = stored.version + 1;
    const record = { ...after, version };
    this.#outbox.save({ ...stored, version, record, failures: 0 });
    await this.#outbox.settle();
    return { kind: "done", record };
  }

  async #load(name: string): Promise<StoredProject | undefined> {
    const stored = this.#storage.load();
    if (stored !== undefined) return stored;
    if (this.#listeners.registry === undefined || Date.now() < this.#emptyUntilMs) return undefined;
    this.#takingOver ??= this.#takeOver(name, this.#listeners.registry).finally(() => {
      this.#takingOver = undefined;
    });
    return this.#takingOver;
  }

  /**
   * Makes a project of what KV holds under its name, once: a project of the library before ours, or the copy of one whose
   * object was lost with its namespace. The entry itself stays as it is until something changes, so that a Worker of
   * before, which may run beside this one for a while, still finds it.
   */
  async #takeOver(name: string, registry: KVNamespace): Promise<StoredProject | undefined> {
    const copy = await withinTime(PROJECT_PATIENCE_MS, readRegistryCopy(registry, name), "KV");
    if (copy === undefined) {
      this.#emptyUntilMs = Date.now() + PROJECT_FRESH_MS;
      return undefined;
    }
    const record = await recordOf(copy, name, Date.now());
    const stored = this.#storage.load();
    if (stored !== undefined) return stored;
    const { version } = record;
    const project = { name, version, record, isListed: false, copiedVersion: version, failures: 0 };
    this.#outbox.save(project);
    return project;
  }
}

function confirm(record: ProjectRecord, kid: string, settings: SettingsChange): CreateProjectOutcome {
  if (acceptedKeys(record, Date.now())[0]?.kid !== kid) return { kind: "exists", differs: "key" };
  const { keys: _keys, ...settled } = record;
  return isSame(settled, changeSettings(record, settings))
    ? { kind: "confirmed", record }
    : { kind: "exists", differs: "settings" };
}

/** Whether records say the same, whatever the order of their fields, which KV's copies have from elsewhere. */
function isSame(one: Content, other: Content): boolean {
  return JSON.stringify(contentOf(one)) === JSON.stringify(contentOf(other));
}

type Content = ProjectSettings & Partial<Pick<ProjectRecord, "keys">>;

function contentOf({ corsOrigins, bodyMaxBytes, readersMax, streamsMax, keys = [] }: Content): unknown[] {
  const keyContents = keys.map(({ kid, secret, createdAtMs, retiresAtMs }) => [kid, secret, createdAtMs, retiresAtMs]);
  return [corsOrigins, bodyMaxBytes, readersMax, streamsMax, keyContents];
}
