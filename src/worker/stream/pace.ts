import { amountBetween } from "../storage/tally.ts";
import type { StreamState } from "./state.ts";

/** What counts as fast: so much that a segment of the default size would have to be made every half second. */
const FAST_BYTES_PER_SECOND = 8 * 1024 * 1024;
const FAST_MESSAGES_PER_SECOND = 2_000;

/** A pace is taken over stretches of this length. What came in the one under way counts as if it had taken so long already. */
const STRETCH_MS = 1_000;
/** After so long without an append the writers have paused. */
const LULL_MS = 500;

/** How fast a stream grows, as far as this awakening of its object has seen. */
export class Pace {
  #start: StreamState | undefined;
  #startedAtMs = 0;
  #lastAtMs = 0;
  #wasFast = false;

  /** Is told of each commit that stored messages, with the stream as it is after it. */
  grew(state: StreamState, nowMs: number): void {
    if (this.#start?.incarnation !== state.incarnation) this.#begin(state, nowMs, false);
    else if (nowMs < this.#startedAtMs) this.#begin(state, nowMs, this.#wasFast);
    else if (nowMs - this.#startedAtMs >= STRETCH_MS) this.#begin(state, nowMs, this.#isStretchFast(state, nowMs));
    this.#lastAtMs = nowMs;
  }

  /** Whether writers are adding to the stream so fast, at this moment, that there will soon be much more of it. */
  isFast(state: StreamState, nowMs: number): boolean {
    if (state.closed || this.#start?.incarnation !== state.incarnation) return false;
    const sinceMs = nowMs - this.#lastAtMs;
    // A clock that was put back says nothing until the next append.
    if (sinceMs < 0 || sinceMs >= LULL_MS) return false;
    return this.#wasFast || this.#isStretchFast(state, nowMs);
  }

  #begin(state: StreamState, nowMs: number, wasFast: boolean): void {
    this.#start = state;
    this.#startedAtMs = nowMs;
    this.#wasFast = wasFast;
  }

  #isStretchFast(state: StreamState, nowMs: number): boolean {
    if (this.#start === undefined) return false;
    const { tail, tally } = this.#start;
    const { messages, bytes } = amountBetween(state.kind, state.tail - tail, state.tally - tally);
    const seconds = Math.max(nowMs - this.#startedAtMs, STRETCH_MS) / 1000;
    return messages >= FAST_MESSAGES_PER_SECOND * seconds || bytes >= FAST_BYTES_PER_SECOND * seconds;
  }
}
