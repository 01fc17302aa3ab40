import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf } from "../../src/browse/inspect/bar.ts";
import { INSPECT_BINDINGS } from "../../src/browse/inspect/keys.ts";
import { inspectScreen } from "../../src/browse/inspect/screen.ts";
import { rowText } from "../../src/screen/text/segment.ts";
import { widthOf } from "../../src/screen/text/width.ts";
import { forkOf, INCARNATION, InspectView, mapOf, rowsOf } from "./support/inspect-view.ts";

const EVIL = "a\u001b[2J\u0007\r\n\u009b\u202e";

describe("the bar", () => {
  it("gives every part its share of the screen, by what it holds, and marks the chosen one", () => {
    const view = InspectView.of([30, 10], 46);
    expect(view.screen[3]).toBe(`${"█".repeat(30)} ${"█".repeat(10)} ░░░░`);
    expect(view.screen[4]).toBe(`${" ".repeat(42)}▲▲▲▲`);
    expect(view.press("g").screen[4]).toBe("▲".repeat(30));
  });

  it("a stream without messages is all hot log", () => {
    const empty = mapOf([], { tail: mapOf([]).hot.start });
    expect(new InspectView(empty, 40).screen[3]).toBe("░".repeat(40));
  });

  it("what is inherited looks different from what is its own", () => {
    const rows = rowsOf([100], 100);
    const view = new InspectView(mapOf(rows, { fork: forkOf(100) }), 40).load(rows);
    expect(view.screen[3]).toMatch(/^▒{15,} █{15,} ░+$/);
  });

  it("of more parts than cells every cell is marked for those that it shows, and one cell at a time", () => {
    const view = new InspectView(mapOf(rowsOf(Array.from({ length: 1_000 }, () => 20))), 50);
    for (const keys of [[], ["left"], ["pageup"], ["g"], ["right", "right"]]) {
      expect(view.press(...keys).screen[4]?.trim()).toBe("▲");
    }
    expect(view.press("G").screen[4]).toBe(`${" ".repeat(49)}▲`);
  });

  it("has as many cells as there are columns, every part in order, whatever the sizes", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 40, max: 200 }), fc.boolean(), (all, columns, isLoaded) => {
        const rows = rowsOf(all);
        const view = new InspectView(mapOf(rows), columns);
        const cells = cellsOf(isLoaded ? view.load(rows).state : view.state, columns);
        expect(cells).toHaveLength(columns);
        const parts = cells.filter((cell) => cell !== undefined);
        expect(parts).toEqual(parts.toSorted((a, b) => a - b));
        expect(parts.at(-1)).toBe(all.length);
        if (all.length < columns) expect(new Set(parts).size).toBe(all.length + 1);
      }),
    );
  });
});

describe("the screen of the map of a stream", () => {
  it("has what the stream is, the bar, its parts, and what is known of the chosen one", () => {
    const view = InspectView.of([20, 20]).press("left");
    const { screen } = view;
    expect(screen).toHaveLength(24);
    expect(screen[0]).toBe("s  http://127.0.0.1/v1/stream/s");
    expect(screen[1]).toBe("application/json  open  created 1 d ago  1 reader");
    expect(screen[2]).toBe("█ 2 segments: 40 messages, 400 B  ░ hot log: 3 messages, 21 B");
    expect(screen[5]).toMatch(/^ {2}SEGMENT +START +END +MESSAGES +BYTES +AGE {2}CHECKED$/);
    expect(screen[7]).toMatch(/^> 1 +20 +40 +20 +200 B +1 d {2}-$/);
    expect(screen.slice(16, 22)).toEqual([
      "offsets   0000000000000000_0000000000000020 to 0000000000000000_0000000000000040",
      "checksums not checked; v fetches and checks it",
      "holds     20 messages, 200 B, in an object of 300 B",
      `object    segments/default/s/${INCARNATION}/object-1.seg`,
      "newest    2026-01-01T00:00:00.000Z (1 d ago)",
      "sealed    2026-01-01T00:01:00.000Z (23 h ago)",
    ]);
    expect(screen[22]).toBe("●  segment 1 of 0..1  tail 43  sealing idle  43 messages, 1.00 kB");
    expect(screen[23]).toBe("← → move  Enter messages  v check  o go to  ? help  q leave");
  });

  it("of the hot log it says what sealing does, and why it fails", () => {
    const sealing = {
      state: "retrying",
      failures: 2,
      lastError: "no bucket",
      nextAttemptAtMs: Date.UTC(2026, 0, 2, 0, 1),
    };
    const { screen } = new InspectView(mapOf(rowsOf([5]), { sealing }));
    expect(screen.join("\n")).toContain("retrying, failed 2 times, next in 1 min");
    expect(screen.join("\n")).toContain("error     no bucket");
  });

  it("of the hot log it says what sealing waits for in a burst", () => {
    const sealing = { state: "deferred", failures: 0, maxMessages: 1000, maxBytes: 4_194_304 };
    const { screen } = new InspectView(mapOf(rowsOf([5]), { sealing }));
    expect(screen.join("\n")).toContain("deferred until the writers pause, at 1,000 messages or 4.19 MB");
  });

  it("what is wrong with a segment is told over as many rows as it takes", () => {
    const findings = [`It differs from the manifest: ${"its start is another ".repeat(4)}.`, "It is damaged."];
    const view = InspectView.of([20], 60).press("left");
    view.send({ type: "checked", incarnation: INCARNATION, number: 0, check: { state: "damaged", findings } });
    const told = view.screen.slice(17, 20).map((row) => row.slice(10));
    expect(told.join("").replaceAll(" ", "")).toBe(findings.join("").replaceAll(" ", ""));
  });

  it("at 50x15 the bar, the parts and the most important of what is known are there", () => {
    const { screen } = InspectView.of([20, 20, 20], 50, 15).press("left");
    expect(screen).toHaveLength(15);
    expect(screen[1]).toMatch(/^█+ █+ █+ ░+$/);
    expect(screen.some((row) => /^> 2 +40 +60 +20$/.test(row))).toBe(true);
    expect(screen).toContain("offsets   …_0000000000000040 to …_0000000000000060");
  });

  it("says that Escape leads back only where it does", () => {
    const map = mapOf([]);
    expect(new InspectView(map).screen.at(-1)).not.toContain("Esc");
    expect(new InspectView(map, 80, 24, true).screen.at(-1)).toContain("Esc back");
  });

  it("shows control sequences of whatever a server says, and obeys none", () => {
    const sealing = { state: EVIL, failures: 1, lastError: EVIL };
    const producers = { count: 1, list: [{ id: EVIL, epoch: 1, lastSeq: 1 }] };
    const rows = rowsOf([5]).map((row) => ({ ...row, key: EVIL }));
    const map = mapOf(rows, { contentType: EVIL, sealing, producers, expiry: { kind: "at", expiresAt: EVIL } });
    const view = new InspectView(map).load(rows).send({ type: "failed", problem: EVIL });
    const check = { state: "damaged", findings: [EVIL] } as const;
    view.send({ type: "checked", incarnation: INCARNATION, number: 0, check });
    for (const keys of [[], ["left"], ["o"], ["escape", "?"]]) {
      for (const row of inspectScreen(view.press(...keys).type(EVIL).state).map(rowText)) {
        // eslint-disable-next-line no-control-regex -- these are what must not come out
        expect(row).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }
    }
  });

  it("fills the screen, no row wider, at every size and in every state, with the chosen part on it", () => {
    const keys = fc.array(fc.constantFrom(...INSPECT_BINDINGS.flatMap((binding) => binding.keys)), { maxLength: 10 });
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 170 }),
        fc.integer({ min: 5, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 1e9 }), { maxLength: 60 }),
        fc.boolean(),
        keys,
        fc.string({ unit: "grapheme", maxLength: 60 }),
        (columns, rows, sizes, isLoaded, pressed, text) => {
          const all = rowsOf(sizes, 7);
          const view = new InspectView(mapOf(all, { fork: forkOf(7), contentType: text }), columns, rows, true);
          if (isLoaded) view.load(all);
          if (text.length > 20) view.send({ type: "failed", problem: text });
          for (const key of pressed) view.press(key).type(text);
          const { screen } = view;
          if (columns >= 40 && rows >= 10) {
            expect(screen).toHaveLength(rows);
            if (view.state.help === undefined) expect(view.chosen).toBeDefined();
          }
          for (const row of inspectScreen(view.state)) expect(widthOf(rowText(row))).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("the help has every key", () => {
    const { screen } = InspectView.of([1]).press("?");
    for (const { shown } of INSPECT_BINDINGS) expect(screen.some((row) => row.startsWith(shown))).toBe(true);
  });
});
