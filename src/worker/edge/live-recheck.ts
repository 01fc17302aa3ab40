import { LIVE_RECHECK_MS } from "../../protocol/limits.ts";
import type { StreamContext } from "./context.ts";

/** Asks again, every `LIVE_RECHECK_MS`, whether a live reader is still let in: tokens run out, and keys are revoked. */
export class LiveRecheck {
  readonly #recheck: StreamContext["recheck"];
  #dueAtMs = Date.now() + LIVE_RECHECK_MS;

  constructor({ recheck }: StreamContext) {
    this.#recheck = recheck;
  }

  /** How long until it is asked again, in milliseconds; endless where nothing decides. */
  get remainingMs(): number {
    return this.#recheck === undefined ? Infinity : Math.max(0, this.#dueAtMs - Date.now());
  }

  /** To be asked before anything is passed on: why the reader is to get nothing more, if it is time and so it is. */
  async refusal(isPublic: boolean): Promise<Response | undefined> {
    if (this.#recheck === undefined || this.remainingMs > 0) return undefined;
    this.#dueAtMs = Date.now() + LIVE_RECHECK_MS;
    return this.#recheck(isPublic);
  }
}
