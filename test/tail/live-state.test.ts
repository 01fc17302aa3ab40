import { describe, expect, it } from "vitest";
import { initialState, RATE_WINDOW_MS, reduce, SHOWN_MAX_LINES, type LiveEvent } from "../../src/tail/live-state.ts";

function messages(
  texts: readonly string[],
  atMs: number,
  more: Partial<Extract<LiveEvent, { type: "messages" }>> = {},
): LiveEvent {
  return {
    type: "messages",
    texts,
    bytes: texts.join("").length,
    offset: "1",
    upToDate: true,
    closed: false,
    atMs,
    ...more,
  };
}

describe("the state of the live view", () => {
  it("keeps the newest lines only, numbered over the whole run", () => {
    const many = Array.from({ length: SHOWN_MAX_LINES + 5 }, (_, i) => `m${String(i)}`);
    const state = [messages(["a", "b"], 0), messages(many, 1)].reduce(reduce, initialState("s"));
    expect(state.lines).toHaveLength(SHOWN_MAX_LINES);
    expect(state.lines.at(-1)).toEqual({ number: SHOWN_MAX_LINES + 6, text: many.at(-1) });
    expect(state.total).toBe(SHOWN_MAX_LINES + 7);
  });

  it("the rate is that of the last seconds, and falls when the stream is silent", () => {
    const state = [messages(["a", "b"], 0), messages(["c"], 1_000)].reduce(reduce, initialState("s"));
    expect(state.messagesPerSecond).toBe(3_000 / RATE_WINDOW_MS);
    expect(reduce(state, { type: "tick", atMs: RATE_WINDOW_MS }).messagesPerSecond).toBe(1_000 / RATE_WINDOW_MS);
    expect(reduce(state, { type: "tick", atMs: 2 * RATE_WINDOW_MS })).toMatchObject({
      messagesPerSecond: 0,
      arrivals: [],
    });
  });

  it("a batch without an offset leaves the last one standing", () => {
    const state = [messages(["a"], 0, { offset: "7" }), messages(["b"], 0, { offset: undefined })].reduce(
      reduce,
      initialState("s"),
    );
    expect(state.offset).toBe("7");
  });

  it("a closed stream stays closed, whatever the connection does", () => {
    const closed = reduce(initialState("s"), messages([], 0, { closed: true }));
    expect(reduce(closed, { type: "connection", connection: "ended" })).toMatchObject({
      closed: true,
      connection: "ended",
    });
  });

  it("a problem goes away when the connection comes back", () => {
    const waiting = reduce(initialState("s"), { type: "connection", connection: "waiting", problem: "gone" });
    expect(waiting.problem).toBe("gone");
    expect(reduce(waiting, { type: "connection", connection: "live" }).problem).toBeUndefined();
  });
});
