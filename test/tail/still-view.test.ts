import { describe, expect, it } from "vitest";
import { arrivalOf } from "../../src/tail/model/message.ts";
import { RING_MAX_MESSAGES } from "../../src/tail/model/ring.ts";
import { View } from "./support/view.ts";

const OFFSET = "0000000000000000_0000000000000007";

/** A view of messages that are all there. */
function still(records: readonly string[], columns = 80, rows = 24): View {
  return new View(["17.seg"], columns, rows, { stillEnd: "the segment ends here" }).arrive(records, { closed: true });
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `{"n":${String(n)}}`);
}

describe("the view of messages that are all there", () => {
  it("begins with the first, says where they end, and which of how many is chosen", () => {
    const view = still(numbered(3));
    expect(view.screen.slice(1, 5)).toEqual([`> {"n":0}`, `  {"n":1}`, `  {"n":2}`, "  the segment ends here"]);
    expect(view.screen[22]).toBe("message 1 of 3  21 B");
    expect(view.screen[23]).toBe("/ search  f filter  Enter unfold  ? help  q leave");
    expect(view.press("down").screen[22]).toBe("message 2 of 3  21 B");
  });

  it("tells where they end below the last one only, whole or unfolded", () => {
    const view = still(numbered(50));
    expect(view.screen.join("\n")).not.toContain("ends here");
    expect(view.press("G").screen.slice(20, 22)).toEqual([`> {"n":49}`, "  the segment ends here"]);
    expect(view.press("return").screen.slice(19, 22)).toEqual([`│   "n": 49`, "│ }", "  the segment ends here"]);
    expect(view.press("g").screen.join("\n")).not.toContain("ends here");
  });

  it("keeps all of them, however many there are", () => {
    const view = still(numbered(RING_MAX_MESSAGES + 5));
    expect(view.selected).toBe(`{"n":0}`);
    expect(view.list).toHaveLength(RING_MAX_MESSAGES + 5);
    expect(view.press("G").selected).toBe(`{"n":${String(RING_MAX_MESSAGES + 4)}}`);
  });

  it("G and g choose the last and the first, and it stands still whatever is pressed", () => {
    const view = still(numbered(50)).press("G");
    expect(view.selected).toBe(`{"n":49}`);
    expect(view.press("g").selected).toBe(`{"n":0}`);
    for (const key of [" ", "o", "s"]) {
      expect(view.press(key).screen.at(-1)).toContain("All messages are here");
      expect(view.state.reading.mode).toBe("still");
    }
    expect(view.effects).toEqual([]);
  });

  it("is searched and filtered like any other, and what a filter leaves out is still counted", () => {
    const view = still(numbered(20)).press("f").type(".n ~ 1").press("return");
    expect(view.list).toHaveLength(11);
    expect(view.screen[22]).toMatch(/^message 1 of 11 {2}filter \.n ~ 1 {2}20 messages/);
    view.press("escape", "/").type(":17").press("return");
    expect(view.selected).toBe(`{"n":17}`);
  });

  it("a message tells its own offset, and when it was appended", () => {
    const stored = { offset: OFFSET, appendedAtMs: Date.UTC(2026, 0, 1) };
    const arrivals = [{ ...arrivalOf("json", Buffer.from("1"), undefined), stored }];
    const progress = { count: 1, bytes: 1, offset: undefined, upToDate: true, closed: true };
    const view = still([]).send({ type: "arrived", atMs: 1, batches: [{ stream: 0, reading: 0, arrivals, progress }] });
    expect(view.press("return").screen[1]).toBe(`> 1 B  at ${OFFSET}  appended 2026-01-01T00:00:00.000Z`);
  });

  it("without a message it says so", () => {
    expect(still([]).screen[1]).toBe("  no messages");
  });
});

describe("a view that was opened from another", () => {
  const nested = (): View => new View(["orders"], 80, 24, { isNested: true }).arrive(["1"]);

  it("Escape closes what is open first, then leads back; q leaves all", () => {
    const view = nested().press("f").type("1").press("return", "escape");
    expect(view.effects).toEqual([]);
    expect(view.press("escape", "q").effects).toEqual([{ type: "back" }, { type: "leave", interrupted: false }]);
  });

  it("says that Escape leads back", () => {
    expect(nested().screen.at(-1)).toContain("Esc back");
    expect(nested().press("f").type("1").press("return").screen.at(-1)).toContain("Esc clear");
  });
});
