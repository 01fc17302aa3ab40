import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIST_BINDINGS } from "../../src/browse/list/keys.ts";
import { listScreen } from "../../src/browse/list/screen.ts";
import { rowText } from "../../src/screen/text/segment.ts";
import { widthOf } from "../../src/screen/text/width.ts";
import { listed, ListView } from "./support/list-view.ts";

const EVIL = "a\u001b[2J\u0007\r\n\u009b\u202e";

describe("the screen of the list of streams", () => {
  it("has the columns name, type, tail, rate, closed and expiry at 80 columns", () => {
    const view = new ListView().list("orders", "done").ask(listed("orders", 42)).after(1_000);
    view.ask(listed("orders", 45)).ask(listed("done", 7, { closed: true, expiresAt: "2026-01-05T12:00:00Z" }));
    expect(view.screen[0]).toBe("streams  http://127.0.0.1/v1/stream");
    expect(view.screen[1]).toMatch(/^ {2}STREAM +TYPE +TAIL +RATE {2}CLOSED {2}EXPIRES$/);
    expect(view.screen[2]).toMatch(/^> orders +application\/json +45 +3\/s +never$/);
    expect(view.screen[3]).toMatch(/^ {2}done +application\/json +7 +closed {2}3 d$/);
    expect(view.screen[21]).toContain("tail 0000000000000000_0000000000000045");
    expect(view.screen[22]).toBe("●  2 streams  1 of 2  refreshed 1 s ago");
    expect(view.screen[23]).toBe("Enter open  / filter  i inspect  r refresh  ? help  q leave");
  });

  it("leaves out what there is no room for, the least important first", () => {
    const heading = (columns: number): string => new ListView(columns).list("orders").screen[1] ?? "";
    expect(heading(60).match(/[A-Z]+/g)).toEqual(["STREAM", "TAIL", "RATE", "CLOSED"]);
    expect(heading(40).match(/[A-Z]+/g)).toEqual(["STREAM", "TAIL"]);
  });

  it("says what it waits for, and why nothing is there", () => {
    expect(new ListView().screen[2]).toBe("  asking the server");
    expect(new ListView().list().screen[2]).toBe("  no streams");
    expect(new ListView(80, 24, "x/").list().screen[2]).toBe(`  no stream has a name that begins with "x/"`);
    const view = new ListView().list("a").press("/").type("z");
    expect(view.screen[2]).toBe(`  no name contains "z"`);
  });

  it("shows control sequences of names, types, problems and typed text, and obeys none", () => {
    const view = new ListView(80, 24, EVIL).list(EVIL, "b");
    view.ask(listed(EVIL, 1, { contentType: EVIL, nextOffset: EVIL, createdAt: EVIL, expiresAt: EVIL }));
    view.send({ type: "failed", problem: EVIL }).send({ type: "told", notice: { text: EVIL, isProblem: true } });
    for (const keys of [[], ["/"], ["return"], ["?"]]) {
      for (const row of listScreen(view.press(...keys).type(EVIL).state).map(rowText)) {
        // eslint-disable-next-line no-control-regex -- these are what must not come out
        expect(row).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }
    }
  });

  it("fills the screen, no row wider, at every size and in every state", () => {
    const name = fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.constant("日本語/".repeat(30)));
    const keys = fc.array(fc.constantFrom(...LIST_BINDINGS.flatMap((binding) => binding.keys)), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 170 }),
        fc.integer({ min: 5, max: 50 }),
        fc.uniqueArray(name, { maxLength: 30 }),
        keys,
        fc.string({ unit: "grapheme", maxLength: 60 }),
        (columns, rows, names, pressed, text) => {
          const view = new ListView(columns, rows).list(...names);
          for (const path of names.slice(0, 3)) {
            view.ask(listed(path, 1e15, { contentType: text, expiresAt: "9999-01-01T00:00:00Z", ttlSeconds: 1e9 }));
          }
          view.send({ type: "failed", problem: text });
          for (const key of pressed) view.press(key).type(text);
          const screen = listScreen(view.after(61_000).state);
          if (columns >= 40 && rows >= 10) expect(screen).toHaveLength(rows);
          else expect(screen.length).toBeLessThanOrEqual(rows);
          for (const row of screen) expect(widthOf(rowText(row))).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 60, examples: [[40, 10, [], [], ""]] },
    );
  });

  it("the help is scrolled where it is longer than the screen, and no further than its last line", () => {
    const view = new ListView(80, 12).press("?");
    const top = view.screen[1];
    expect(view.press("up").screen[1]).toBe(top);
    expect(view.press("j").screen[1]).not.toBe(top);
    expect(view.press("k").screen[1]).toBe(top);
    view.press(...Array.from({ length: 2 * LIST_BINDINGS.length }, () => "down"));
    expect(view.screen.at(-2)).toMatch(/^Ctrl-C /);
    view.press("up");
    expect(view.state.help).toBe(LIST_BINDINGS.length - 2);
  });

  it("the help has every key", () => {
    const { screen } = new ListView().press("?");
    for (const { shown } of LIST_BINDINGS) expect(screen.some((row) => row.startsWith(shown))).toBe(true);
  });
});
