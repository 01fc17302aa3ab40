import { describe, expect, it } from "vitest";
import { changeLine } from "../../src/cli/listing/change-line.ts";
import { recentStart } from "../../src/cli/listing/recent-start.ts";
import { changesBetween, type StreamChange } from "../../src/cli/listing/watch-streams.ts";
import type { ListedStream } from "../../src/client/directory.ts";
import { FIRST_OFFSET, formatOffset } from "../../src/protocol/offset.ts";

function stream(path: string, changes: Partial<ListedStream> = {}): ListedStream {
  return {
    path,
    contentType: "application/json",
    nextOffset: formatOffset(1),
    closed: false,
    public: false,
    createdAt: "2026-01-01T00:00:00.000Z",
    expiresAt: undefined,
    ttlSeconds: undefined,
    ...changes,
  };
}

function changes(before: readonly ListedStream[], after: readonly ListedStream[]): readonly StreamChange[] {
  const map = (streams: readonly ListedStream[]) => new Map(streams.map((each) => [each.path, each]));
  return changesBetween(map(before), map(after));
}

describe("list --watch: changes", () => {
  it("what is new is added, what is gone is removed, and what is as it was is nothing", () => {
    const [a, b, c] = [stream("a"), stream("b"), stream("c")];
    expect(changes([a, b], [{ ...a }, c])).toEqual([
      { change: "added", stream: c },
      { change: "removed", path: "b" },
    ]);
  });

  it.each<[string, Partial<ListedStream>]>([
    ["tail", { nextOffset: formatOffset(2) }],
    ["closure", { closed: true }],
    ["publicity", { public: true }],
    ["expiry", { expiresAt: "2027-01-01T00:00:00Z" }],
  ])("another %s is a change, with what it was before", (_what, change) => {
    const [before, after] = [stream("a"), stream("a", change)];
    expect(changes([before], [after])).toEqual([{ change: "changed", stream: after, before }]);
  });

  it("the end of a sliding lifetime moves with every use, which is no change", () => {
    const ttl = { ttlSeconds: 60, expiresAt: "2026-01-01T00:01:00Z" };
    expect(changes([stream("a", ttl)], [stream("a", { ...ttl, expiresAt: "2026-01-01T00:02:00Z" })])).toEqual([]);
  });

  it("a stream that was deleted and created again is removed and added", () => {
    const again = stream("a", { createdAt: "2026-01-01T00:00:01.000Z" });
    expect(changes([stream("a")], [again])).toEqual([
      { change: "removed", path: "a" },
      { change: "added", stream: again },
    ]);
  });

  it("lines keep control characters of names from the terminal", () => {
    expect(changeLine({ change: "removed", path: "a\u001b[2J" }, false)).toBe("removed  a␛[2J\n");
    expect(changeLine({ change: "added", stream: stream("a\u001b[2J") }, false)).toMatch(/^added {4}a␛\[2J +/);
    const json = changeLine({ change: "removed", path: "a\nb" }, true);
    expect(json).toBe(`{"change":"removed","path":"a\\nb"}\n`);
  });
});

describe("a stream that is opened from a list", () => {
  it.each([
    ["a long JSON stream with its last 200 messages", "application/json", formatOffset(1_000), formatOffset(800)],
    ["a short one with all of them", "application/json", formatOffset(5), FIRST_OFFSET],
    ["a short stream of text with all of it", "text/plain", formatOffset(200_000), FIRST_OFFSET],
    ["a long one with what comes", "text/plain", formatOffset(300_000), formatOffset(300_000)],
    ["one whose offsets say nothing with what comes", "application/json", "abc", "now"],
  ])("begins: %s", (_what, contentType, tail, start) => {
    expect(recentStart(contentType, tail)).toBe(start);
  });
});
