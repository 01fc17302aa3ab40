import { describe, expect, it } from "vitest";
import { missingNumber } from "../../src/browse/inspect/state.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { forkOf, InspectView, mapOf, rowsOf } from "./support/inspect-view.ts";

const OTHER = "99999999-2222-4333-8444-555555555555";

describe("the map of a stream: choosing", () => {
  it("the hot log is chosen at first; left and right lead from part to part, and no further than the ends", () => {
    const view = InspectView.of([20, 20, 20]);
    expect(view.chosen).toMatch(/^> hot log/);
    expect(view.press("right").chosen).toMatch(/^> hot log/);
    expect(view.press("left").chosen).toMatch(/^> 2 /);
    expect(view.press("up", "h", "k").chosen).toMatch(/^> 0 /);
    expect(view.press("l", "down").chosen).toMatch(/^> 2 /);
    expect(view.press("g").chosen).toMatch(/^> 0 /);
    expect(view.press("G").chosen).toMatch(/^> hot log/);
  });

  it("what a fork inherits comes first, and is not opened from here", () => {
    const rows = rowsOf([5, 5], 100);
    const view = new InspectView(mapOf(rows, { fork: forkOf(100) })).load(rows).press("g", "return");
    expect(view.chosen).toMatch(/^> inherited +0 +100/);
    expect(view.effects).toEqual([]);
    expect(view.screen.at(-1)).toContain("kept with default/source");
    expect(view.press("right").chosen).toMatch(/^> 0 +100 +105/);
  });

  it("a segment stays chosen when others are sealed, and the hot log stays the hot log", () => {
    const rows = rowsOf([20, 20, 20, 20]);
    const view = new InspectView(mapOf(rows.slice(0, 3))).load(rows.slice(0, 3));
    expect(view.map(mapOf(rows)).chosen).toMatch(/^> hot log +80/);
    expect(view.press("left", "left").chosen).toMatch(/^> 2 /);
    expect(view.map(mapOf(rowsOf([20, 20, 20, 20, 20]))).chosen).toMatch(/^> 2 /);
  });

  it("of a stream that was replaced nothing is known any more, and late answers about the old one are not heard", () => {
    const view = InspectView.of([20, 20]).press("left", "v");
    const other = rowsOf([7]);
    view.map(mapOf(other, { incarnation: OTHER }));
    expect(view.state.rows.size).toBe(0);
    expect(view.screen.at(-1)).toContain("deleted and created again");
    view.send({ type: "rows", incarnation: "old", rows: rowsOf([20]) });
    view.send({ type: "checked", incarnation: "old", number: 0, check: { state: "intact" } });
    expect(view.state).toMatchObject({ rows: new Map(), checks: new Map() });
  });
});

describe("the map of a stream: rows", () => {
  it("are missing only where the screen shows segments", () => {
    const rows = rowsOf(Array.from({ length: 1_000 }, () => 20));
    const view = new InspectView(mapOf(rows));
    expect(missingNumber(view.state)).toBe(992);
    view.load(rows.slice(900));
    expect(missingNumber(view.state)).toBeUndefined();
    expect(missingNumber(view.press("g").state)).toBe(0);
  });

  it("of very many those are forgotten that are not on the screen", () => {
    const rows = rowsOf(Array.from({ length: 9_000 }, () => 20));
    const view = new InspectView(mapOf(rows)).load(rows.slice(8_900));
    for (let from = 0; from < 8_900; from += 200) view.load(rows.slice(from, from + 200));
    expect(view.state.rows.size).toBeLessThanOrEqual(5_200);
    expect(missingNumber(view.state)).toBeUndefined();
  });

  it("one that is still being sealed is a part of the hot log", () => {
    const [row] = rowsOf([20]);
    if (row === undefined) throw new Error("there is a row");
    const view = new InspectView(mapOf([])).load([{ ...row, state: "sealing" }]);
    expect(view.state.rows.size).toBe(0);
  });
});

describe("the map of a stream: checking and opening", () => {
  it("v has the chosen segment checked once, and says how it stands", () => {
    const view = InspectView.of([20, 20]).press("left");
    expect(view.screen.join("\n")).toContain("not checked");
    view.press("v", "v");
    expect(view.effects).toMatchObject([{ type: "check", row: { number: 1 } }]);
    expect(view.chosen).toContain("checking");
    const about = { type: "checked", incarnation: view.state.map.incarnation, number: 1 } as const;
    expect(view.send({ ...about, check: { state: "intact" } }).chosen).toContain("intact");
    view.send({ ...about, check: { state: "damaged", findings: ["It is damaged."] } });
    expect(view.chosen).toContain("damaged");
    expect(view.screen).toContain("checksums It is damaged.");
    expect(view.screen[3]).toContain("╳");
  });

  it("Enter opens a segment, or the hot log where it begins", () => {
    const view = InspectView.of([20, 20]).press("return", "left", "return");
    expect(view.effects).toMatchObject([{ type: "open-hot" }, { type: "open", row: { number: 1 } }]);
  });

  it("the hot log has nothing to check, and a row that is not there yet cannot be opened", () => {
    const view = new InspectView(mapOf(rowsOf([20]))).press("v");
    expect(view.screen.at(-1)).toContain("no checksums");
    expect(view.press("left", "return").screen.at(-1)).toContain("being looked up");
    expect(view.effects).toEqual([]);
  });

  it("Escape goes back, q leaves, Ctrl-C interrupts, in the prompt as well", () => {
    expect(InspectView.of([1]).press("escape", "q", "ctrl-c", "o", "ctrl-c").effects).toEqual([
      { type: "back" },
      { type: "leave", interrupted: false },
      { type: "leave", interrupted: true },
      { type: "leave", interrupted: true },
    ]);
  });
});

describe("the map of a stream: going to", () => {
  it("a number is a segment, and one that is not there is told while it can be mended", () => {
    const view = InspectView.of([20, 20, 20]).press("o").type("1").press("return");
    expect(view.chosen).toMatch(/^> 1 /);
    view.press("o").type("3").press("return");
    expect(view.screen.at(-1)).toBe("segment or offset: 3▏  neither an offset nor a segment: there are 0 to 2");
    expect(view.press("backspace").type("2").press("return").chosen).toMatch(/^> 2 /);
  });

  it("while it is typed no key moves; Escape, or erasing more than there is, gives it up", () => {
    const view = InspectView.of([20, 20, 20]).press("left", "o", "up", "pageup").type("0");
    expect(view.chosen).toMatch(/^> 2 /);
    expect(view.press("escape").state.prompt).toBeUndefined();
    view.press("o").type("0").press("backspace");
    expect(view.screen.at(-1)).toBe("segment or offset: ▏");
    expect(view.press("backspace").state.prompt).toBeUndefined();
    expect(view.press("up").chosen).toMatch(/^> 1 /);
  });

  it("an offset is in the hot log, in what is inherited, or looked up", () => {
    const rows = rowsOf([5, 5], 100);
    const view = new InspectView(mapOf(rows, { fork: forkOf(100) })).load(rows);
    view.press("o").type(formatOffset(50)).press("return");
    expect(view.chosen).toMatch(/^> inherited/);
    view.press("o").type(formatOffset(111)).press("return");
    expect(view.chosen).toMatch(/^> hot log/);
    view.press("o").type(formatOffset(107)).press("return");
    expect(view.effects).toEqual([{ type: "find", offset: formatOffset(107) }]);
    expect(view.send({ type: "found", number: 1 }).chosen).toMatch(/^> 1 /);
  });
});
