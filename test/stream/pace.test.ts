import { describe, expect, test } from "vitest";
import { Pace } from "../../src/worker/stream/pace.ts";
import type { StreamState } from "../../src/worker/stream/state.ts";

/** A stream that grows by the test's hand, and its pace. */
class Growing {
  readonly #kind: "json" | "binary";
  readonly #pace = new Pace();
  #state: StreamState;
  nowMs = 1_000_000;

  constructor(kind: "json" | "binary" = "json") {
    this.#kind = kind;
    this.#state = { kind, incarnation: "1", tail: 0, tally: 0, closed: false } as StreamState;
  }

  grow(messages: number, bytes: number): void {
    const { tail, tally } = this.#state;
    const [positions, counted] = this.#kind === "json" ? [messages, bytes] : [bytes, messages];
    this.#state = { ...this.#state, tail: tail + positions, tally: tally + counted };
    this.#pace.grew(this.#state, this.nowMs);
  }

  /** So much every 50 ms. */
  steadily(forMs: number, messagesPerSecond: number, bytesPerSecond: number): boolean[] {
    const seen: boolean[] = [];
    for (const endsAtMs = this.nowMs + forMs; this.nowMs < endsAtMs; this.nowMs += 50) {
      this.grow(messagesPerSecond / 20, bytesPerSecond / 20);
      seen.push(this.isFast);
    }
    return seen;
  }

  begin(incarnation: string): void {
    this.#state = { ...this.#state, incarnation, tail: 0, tally: 0 };
    this.#pace.grew(this.#state, this.nowMs);
  }

  close(): void {
    this.#state = { ...this.#state, closed: true };
  }

  get isFast(): boolean {
    return this.#pace.isFast(this.#state, this.nowMs);
  }
}

describe("pace", () => {
  test("2,000 messages a second are fast, whatever their kind, and 1,900 are not", () => {
    for (const kind of ["json", "binary"] as const) {
      expect(new Growing(kind).steadily(5_000, 1_900, 19_000)).not.toContain(true);
      // The first second tells nothing yet.
      expect(new Growing(kind).steadily(5_000, 2_100, 21_000).slice(20)).not.toContain(false);
    }
  });

  test("8 MiB a second are fast, however few messages they are, and 7 MiB are not", () => {
    for (const kind of ["json", "binary"] as const) {
      expect(new Growing(kind).steadily(5_000, 20, 7 * 1024 * 1024)).not.toContain(true);
      expect(new Growing(kind).steadily(5_000, 20, 8.5 * 1024 * 1024).slice(20)).not.toContain(false);
    }
  });

  test("one large append is no pace, and neither is a second one a while after it", () => {
    const stream = new Growing();
    stream.grow(1, 16 * 1024 * 1024);
    expect(stream.isFast).toBe(false);
    stream.nowMs += 3_000;
    stream.grow(1, 16 * 1024 * 1024);
    expect(stream.isFast).toBe(false);
  });

  test("a burst of ten times that is known within a tenth of a second", () => {
    expect(new Growing().steadily(150, 20_000, 200_000).at(-1)).toBe(true);
    expect(new Growing("binary").steadily(150, 1_280, 80 * 1024 * 1024).at(-1)).toBe(true);
  });

  test("half a second without an append is a pause", () => {
    const stream = new Growing();
    stream.steadily(2_000, 5_000, 50_000);
    stream.nowMs += 449;
    expect(stream.isFast).toBe(true);
    stream.nowMs += 1;
    expect(stream.isFast).toBe(false);
  });

  test("writers that slow down are slow after two seconds", () => {
    const stream = new Growing();
    stream.steadily(3_000, 10_000, 100_000);
    expect(stream.steadily(2_000, 100, 1_000)[0]).toBe(true);
    expect(stream.isFast).toBe(false);
  });

  test("a clock that is put back is no pace, and the next stretch begins with it", () => {
    const stream = new Growing();
    stream.steadily(2_000, 5_000, 50_000);
    stream.nowMs -= 3_600_000;
    expect(stream.isFast).toBe(false);
    expect(stream.steadily(2_000, 5_000, 50_000)).not.toContain(false);
    stream.nowMs -= 3_600_000;
    expect(stream.steadily(3_000, 100, 1_000).at(-1)).toBe(false);
  });

  test("a closed stream, and one that was made anew, have none", () => {
    const [closed, anew] = [new Growing(), new Growing()];
    closed.steadily(2_000, 5_000, 50_000);
    closed.close();
    anew.steadily(2_000, 5_000, 50_000);
    anew.begin("2");
    expect([closed.isFast, anew.isFast]).toEqual([false, false]);
  });
});
