import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BINDINGS } from "../../src/tail/keys.ts";
import { rowText } from "../../src/screen/text/segment.ts";
import { widthOf } from "../../src/screen/text/width.ts";
import { farewell, shortOffset } from "../../src/tail/view/sentences.ts";
import { paint } from "../../src/screen/paint.ts";
import { screenOf } from "../../src/tail/view/screen.ts";
import { View } from "./support/view.ts";

const OFFSET = "0000000000000000_0000000000000010";

describe("the screen", () => {
  it("has the stream's name, its messages, how it stands, and what can be pressed", () => {
    const view = new View(["orders"], 90)
      .connect("connecting")
      .after(3)
      .connect("live")
      .arrive([])
      .arrive([`{"id":1}`], { offset: OFFSET });
    const { screen } = view.after(1_000);
    expect(screen).toHaveLength(24);
    expect(screen[0]).toBe("orders  http://127.0.0.1/v1/stream/orders");
    expect(screen[1]).toBe(`  {"id":1}`);
    expect(screen[22]).toMatch(/^● live {2}1 message {2}0\.2\/s {2}2 B\/s {2}▁+█?▁? {2}last 1 s ago {2}next …0+10$/);
    expect(screen[23]).toBe("Space pause  / search  f filter  Enter unfold  ? help  q leave");
  });

  it("has a tab for each of several streams, and their names before their messages", () => {
    const view = new View(["orders", "logs/app"])
      .connect("live")
      .connect("waiting", { stream: 1, problem: "no answer" });
    view.arrive(["1"]).arrive(["2"], { stream: 1 });
    const { screen } = view;
    expect(screen[0]).toBe(" 0 all  ● 1 orders  × 2 logs/app");
    expect(screen.slice(1, 3)).toEqual(["  orders   1", "  logs/app 2"]);
    expect(screen[21]).toBe("logs/app: no answer");
    expect(screen[22]).toMatch(/^● 1 live {2}× 1 waiting {2}2 messages/);
    expect(view.press("2").screen[1]).toBe("  2");
  });

  it("says what it waits for, and that nothing will come", () => {
    expect(new View().screen[1]).toBe("  waiting for messages");
    expect(new View().arrive([], { closed: true }).screen[1]).toBe("  no messages");
    const view = new View().arrive(["1"], { closed: true });
    expect(view.screen[2]).toBe("  closed: nothing will follow");
    expect(view.screen[22]).toMatch(/^■ closed/);
    expect(view.press("f").type("x").screen[1]).toBe("  no message at hand passes the filter");
  });

  it("tells catching up from live, paused with what was missed, and the filter", () => {
    const view = new View().connect("live").arrive(["1"], { upToDate: false });
    expect(view.screen[22]).toMatch(/^● catching up/);
    view.press(" ").arrive(["2", "3"]).press("f").type("1").press("return");
    expect(view.screen[22]).toMatch(/^● live {2}paused, 2 new {2}filter 1/);
  });

  it("what was there before is no traffic, and says nothing of the newest message's age", () => {
    const view = new View(["orders"], 120).connect("live").arrive(["1", "2"], { upToDate: false }).after(1_000);
    expect(view.screen[22]).toBe("● catching up  2 messages  next 0_1");
    view.arrive(["3"]).after(1_000);
    expect(view.screen[22]).toMatch(/^● live {2}3 messages {2}0\/s {2}0 B\/s {2}▁+ {2}next 0_1$/);
    view.arrive(["4"]).after(1_000);
    expect(view.screen[22]).toMatch(/^● live {2}4 messages {2}0\.2\/s .* last 1 s ago/);
    // What came while there was no connection is as old as nobody knows.
    view.connect("waiting").connect("live").arrive(["5"]).after(1_000);

    expect(view.screen[22]).toMatch(/^● live {2}5 messages {2}0\.2\/s /);
    expect(view.screen[22]).not.toContain("ago");
  });

  it("x changes what is seen and says what: JSON laid out, as it came, in hexadecimal", () => {
    const view = new View(["orders"], 60).connect("live").arrive([`{"a": 1}`]).press("up", "return");
    expect(view.screen.slice(2, 5)).toEqual(["│ {", `│   "a": 1`, "│ }"]);
    view.press("x");
    expect(view.screen[2]).toBe(`│ {"a": 1}`);
    expect(view.screen[22]).toContain("as text");
    expect(view.screen[23]).toBe("As text, just as it came: unfolded JSON is not laid out.");
    view.press("x");
    expect(view.screen[2]).toMatch(/^│ 0{8} {2}7b 22 61/);
    expect(view.screen[22]).toContain("as hex");
    view.press("x");
    expect(view.screen.slice(2, 5)).toEqual(["│ {", `│   "a": 1`, "│ }"]);
    expect(view.screen[22]).not.toContain("as ");
  });

  it("shows control sequences of names, messages, problems and typed text, and obeys none", () => {
    const evil = "a\u001b[2J\u0007\r\n\u009b\u202e";
    const view = new View([evil, "b"])
      .connect("waiting", { problem: evil })
      .arrive([evil], { kind: "text", offset: evil });
    view.press("f").type(evil);
    for (const keys of [[], ["return"], ["escape"], ["1"], ["g", "return"], ["w"], ["escape", "?"]]) {
      const text = screenOf(view.press(...keys).state).map(rowText);
      // eslint-disable-next-line no-control-regex -- these are what must not come out
      for (const row of text) expect(row).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it("a problem with what is typed, or with anything else, is there to be read in full at 40 columns", () => {
    const problem =
      "Following orders failed with 400: the offset is not one of this stream's. Offsets come from answers.";
    const read = ({ screen }: View): string => screen.slice(-7).join(" ").replaceAll(/ +/g, " ");
    const view = new View(["orders"], 40, 16).arrive(Array.from({ length: 30 }, (_, i) => String(i)));
    view.press("up", "o").type("abc").press("return");
    view.send({ type: "refused", stream: 0, reading: 1, problem });
    expect(read(view)).toContain(problem);
    expect(view.screen.at(-1)).toBe("offset: abc▏");
    expect(view.screen.some((line) => line.startsWith("> 28"))).toBe(true);
    view.press("escape", "s").send({ type: "refused", stream: 0, reading: 2, problem });
    expect(read(view)).toContain(problem);
    expect(read(view.connect("waiting", { problem }).press("z"))).toContain(problem);
  });

  it("below 40x10 says what it needs", () => {
    const view = new View(["orders"], 39, 24);
    expect(view.screen.join("")).toContain("needs 40 columns and 10 rows; here are 39 and 24");
  });

  it("fills the screen, no row wider, at every size and in every state", () => {
    const record = fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.constant("日本語".repeat(50)));
    const keys = fc.array(
      fc.constantFrom(...BINDINGS.flatMap((binding) => binding.keys), "0", "1", "2").filter((key) => key !== "x"),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 130 }),
        fc.integer({ min: 10, max: 40 }),
        fc.array(record, { maxLength: 8 }),
        keys,
        fc.string({ unit: "grapheme", maxLength: 60 }),
        (columns, rows, records, pressed, text) => {
          const view = new View(["orders", "a/very/long/name/of/a/stream", "三"], columns, rows).connect("live");
          view.arrive(records).arrive(records, { stream: 1, kind: "binary" }).connect("waiting", { problem: text });
          for (const key of pressed) view.press(key).type(text);
          const screen = screenOf(view.after(61_000).state);
          expect(screen).toHaveLength(rows);
          for (const row of screen) expect(widthOf(rowText(row))).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("a message stays chosen when the terminal changes its size", () => {
    const view = new View().arrive(Array.from({ length: 100 }, (_, i) => String(i))).press("pageup", "up", "up");
    const before = view.selected;
    view.send({ type: "resized", columns: 40, rows: 10 });
    expect(view.selected).toBe(before);
    expect(view.screen.some((line) => line === `> ${before ?? ""}`)).toBe(true);
  });

  it("the help has every key, and scrolls where it is longer than the screen", () => {
    const view = new View(["orders"], 80, 12).press("?");
    const seen = new Set(view.screen);
    for (let i = 0; i < 40; i++) for (const line of view.press("down").screen) seen.add(line);
    for (const { shown } of BINDINGS) expect([...seen].some((line) => line.startsWith(shown))).toBe(true);
    expect(view.press("z").screen[0]).toMatch(/^orders/);
  });
});

describe("the painted row", () => {
  it("without colours has attributes only", () => {
    const row = [
      { text: "a", tone: "key" },
      { text: "b", tone: "match" },
      { text: "c", tone: { name: 3 } },
    ] as const;
    expect(paint(row, false)).toBe("a\u001b[7mb\u001b[27mc");
    expect(paint(row, true)).toBe("\u001b[36ma\u001b[39m\u001b[7mb\u001b[27m\u001b[33mc\u001b[39m");
  });
});

describe("the sentences of the live view", () => {
  it("an offset is shortened from the left, first by its leading zeros", () => {
    expect(shortOffset(OFFSET, 33)).toBe(OFFSET);
    expect(shortOffset(OFFSET, 32)).toBe("…_0000000000000010");
    expect(shortOffset(OFFSET, 9)).toBe("…00000010");
  });

  it("the farewell gives the whole offset to go on with, for each stream", () => {
    expect(farewell(new View().arrive(["1", "2"], { offset: OFFSET }).state)).toBe(
      `Left at offset …_0000000000000010; 2 messages seen. Go on with: --offset ${OFFSET}`,
    );
    const two = new View(["a", "b"]).arrive(["1"], { offset: "7", stream: 1, closed: true });
    expect(farewell(two.state)).toBe(
      "a: Left before the stream's first answer; 0 messages seen.\nb: Left at offset 7; 1 message seen. The stream is closed.",
    );
  });
});
