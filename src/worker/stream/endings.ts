import type { StreamStorage } from "../storage/stream-storage.ts";
import type { Notices } from "./notices.ts";
import type { Registrar } from "./registrar.ts";
import type { StreamState } from "./state.ts";
import type { Upkeep } from "./upkeep.ts";

export interface EndingSurroundings {
  readonly storage: StreamStorage;
  readonly registrar: Pick<Registrar, "lists">;
  readonly notices: Pick<Notices, "tell">;
  readonly upkeep: Pick<Upkeep, "schedule" | "forget">;
  readonly state: () => StreamState | undefined;
  /** From now on the stream is not there; `kept` is what its forks need of it. */
  readonly ended: (kept: StreamState | undefined, reason: string) => void;
}

/** Ends a stream: at once for its readers and writers, while what has to be told or done elsewhere is left to the alarm. */
export class Endings {
  readonly #around: EndingSurroundings;
  #underWay: Promise<void> | undefined;

  constructor(around: EndingSurroundings) {
    this.#around = around;
  }

  /** The removal of everything that is stored, while it goes on or when it is over. */
  get underWay(): Promise<void> | undefined {
    return this.#underWay;
  }

  /** While forks need the stream, it stays for them (section 4.2). */
  async end(reason: string): Promise<void> {
    const { state, storage } = this.#around;
    const current = state();
    if (current !== undefined && storage.forks.areThere) this.#softDelete(current);
    else await this.remove(reason);
  }

  /** Removes the stream for good. What is left to do elsewhere, in R2 or at its source, is done by the alarm. */
  remove(reason = ENDED): Promise<void> {
    const { state, storage, ended, notices, upkeep } = this.#around;
    const current = state();
    const leavesWork = current !== undefined && this.#leavesWork(current);
    // Before anything else: when this fails, nothing has ended.
    if (leavesWork) storage.endStream(current, this.#isListed(current), Date.now());
    ended(undefined, reason);
    if (!leavesWork) return this.destroy();
    notices.tell();
    upkeep.schedule();
    return Promise.resolve();
  }

  /** Nothing is left to do for any stream of the name. */
  destroy(): Promise<void> {
    const { storage, upkeep } = this.#around;
    upkeep.forget();
    this.#underWay = storage.destroy();
    return this.#underWay;
  }

  #softDelete(current: StreamState): void {
    const { registrar, storage, ended, notices, upkeep } = this.#around;
    const kept = { ...current, softDeleted: true };
    storage.softDelete(kept, registrar.lists, Date.now());
    ended(kept, ENDED);
    notices.tell();
    upkeep.schedule();
  }

  #leavesWork(current: StreamState): boolean {
    const { segments, hasAftermath } = this.#around.storage;
    return current.fork !== undefined || segments.mayHaveObjects || hasAftermath || this.#isListed(current);
  }

  /** Whether the directory is to be told of the stream's end. Of one that is kept for its forks it was, or will be. */
  #isListed({ softDeleted }: StreamState): boolean {
    return this.#around.registrar.lists && !softDeleted;
  }
}

const ENDED = "the stream ended";
