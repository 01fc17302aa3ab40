import { PROJECT_PATIENCE_MS } from "../../protocol/limits.ts";
import { backoffMs } from "../segments/backoff.ts";
import { withinTime } from "../segments/within-time.ts";
import type { ProjectStorage, StoredProject } from "./project-storage.ts";
import { formatRegistryCopy } from "./registry-copy.ts";

/** How long an alarm waits for the list and for KV, before it leaves the rest to the next one. */
const ALARM_PATIENCE_MS = 60_000;

/** When the alarm takes up what a change should have done at once: had the object been lost, nobody else would. */
const SAFETY_MS = 10_000;

/** What has to hear of a project's changes. */
export interface Listeners {
  readonly registry: KVNamespace | undefined;
  putName(name: string, version: number): Promise<void>;
  removeName(name: string, version: number): Promise<void>;
}

/**
 * Tells the list of projects and KV what became of a project. What is to be told is stored with the change itself, and
 * with it the alarm that does it should this not happen at once: a list or a KV that fails never fails a change, and never
 * misses the last one.
 */
export class Outbox {
  readonly #storage: ProjectStorage;
  readonly #listeners: Listeners;
  /** One after the other: no earlier copy may arrive in KV after a later one. Never rejects. */
  #telling: Promise<void> = Promise.resolve();

  constructor(storage: ProjectStorage, listeners: Listeners) {
    this.#storage = storage;
    this.#listeners = listeners;
  }

  /** Stores a project together with the alarm for what has to be told of it. */
  save(project: StoredProject): void {
    const delayMs = project.failures === 0 ? SAFETY_MS : backoffMs(project.failures, Math.random());
    this.#storage.save(project, this.#isDue(project) ? Date.now() + delayMs : undefined);
  }

  /** Tells what there is to tell, and waits for it, though not for ever: the alarm goes on with it. */
  async settle(): Promise<void> {
    await this.#settledWithin(PROJECT_PATIENCE_MS);
  }

  /** What the alarm does. */
  async takeUp(): Promise<void> {
    const isSettled = await this.#settledWithin(ALARM_PATIENCE_MS);
    if (!isSettled) this.#storage.setAlarm(Date.now() + ALARM_PATIENCE_MS);
  }

  async #settledWithin(patienceMs: number): Promise<boolean> {
    this.#telling = this.#telling.then(() => this.#tellAll());
    try {
      await withinTime(patienceMs, this.#telling, "KV, or the list of projects,");
      return true;
    } catch (error) {
      console.error("A project's change is not told everywhere yet, and will be later:", error);
      return false;
    }
  }

  async #tellAll(): Promise<void> {
    for (;;) {
      const project = this.#storage.load();
      if (project === undefined || !this.#isDue(project)) return;
      try {
        await this.#tell(project);
      } catch (error) {
        console.error("A project's change could not be told everywhere, and will be later:", error);
        const { failures, ...now } = this.#storage.load() ?? project;
        this.save({ ...now, failures: failures + 1 });
        return;
      }
      this.save(this.#told(this.#storage.load() ?? project, project));
    }
  }

  async #tell({ name, version, record, isListed, copiedVersion }: StoredProject): Promise<void> {
    const { registry } = this.#listeners;
    if (record !== undefined && !isListed) await this.#listeners.putName(name, version);
    if (record === undefined && isListed) await this.#listeners.removeName(name, version);
    if (registry === undefined || copiedVersion >= version) return;
    if (record === undefined) await registry.delete(name);
    else await registry.put(name, formatRegistryCopy(record, Date.now()));
  }

  #isDue({ version, record, isListed, copiedVersion }: StoredProject): boolean {
    const isCopied = copiedVersion >= version || this.#listeners.registry === undefined;
    return isListed !== (record !== undefined) || !isCopied;
  }

  /** The project as it is now, after what it was has been told: it may have changed meanwhile. */
  #told(now: StoredProject, then: StoredProject): StoredProject {
    return {
      ...now,
      isListed: now.version === then.version ? now.record !== undefined : now.isListed,
      copiedVersion: this.#listeners.registry === undefined ? now.copiedVersion : then.version,
      failures: 0,
    };
  }
}
