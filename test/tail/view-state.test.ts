import { describe, expect, it } from "vitest";
import { mayRead, READ_AHEAD_MESSAGES } from "../../src/tail/model/jump.ts";
import { RING_MAX_MESSAGES } from "../../src/tail/model/ring.ts";
import { View } from "./support/view.ts";

function numbered(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `{"n":${String(from + i)}}`);
}

describe("the view: what arrives", () => {
  it("live, the newest is chosen, and the oldest go where there is no room", () => {
    const view = new View().arrive(numbered(RING_MAX_MESSAGES)).arrive(numbered(5, RING_MAX_MESSAGES));
    expect(view.list).toHaveLength(RING_MAX_MESSAGES);
    expect(view.list[0]).toBe(`{"n":5}`);
    expect(view.selected).toBe(`{"n":${String(RING_MAX_MESSAGES + 4)}}`);
    expect(view.state.streams[0]?.total).toBe(RING_MAX_MESSAGES + 5);
  });

  it("of more at once than there is room for the newest are kept, with a filter too", () => {
    const view = new View().press("f").type(".n").press("return");
    view.arrive(numbered(RING_MAX_MESSAGES + 7));
    expect(view.list[0]).toBe(`{"n":7}`);
    expect(view.list).toHaveLength(RING_MAX_MESSAGES);
  });

  it("a batch without an offset leaves the last one standing, and a closed stream stays closed", () => {
    const view = new View().arrive(["1"], { offset: "7", closed: true }).arrive(["2"], { offset: undefined });
    expect(view.state.streams[0]).toMatchObject({ offset: "7", closed: true });
  });

  it("what an earlier reader still had on its way is not shown", () => {
    const view = new View().arrive(["1"]).press("s").arrive(["2"], { reading: 0 }).arrive(["3"], { reading: 1 });
    expect(view.list).toEqual(["3"]);
  });
});

describe("the view: connections", () => {
  it("measures from the request to the answer, and counts reconnects", () => {
    const view = new View().connect("connecting").after(12).connect("live");
    expect(view.state.streams[0]).toMatchObject({ answerMs: 12, reconnects: 0 });
    view.connect("waiting", { problem: "gone" }).connect("connecting").after(30).connect("live");
    expect(view.state.streams[0]).toMatchObject({ answerMs: 30, reconnects: 1, problem: undefined });
  });

  it("a problem stays while it is tried again, and nothing is up to date meanwhile", () => {
    const view = new View().arrive(["1"]).connect("waiting", { problem: "gone" }).connect("connecting");
    expect(view.state.streams[0]).toMatchObject({ problem: "gone", upToDate: false });
  });
});

describe("the view: pause", () => {
  it("stands still, counts what arrives, and goes on with all of it", () => {
    const view = new View().arrive(numbered(3)).press(" ").arrive(numbered(4, 3));
    expect(view.list).toEqual(numbered(3));
    expect(view.state.reading).toMatchObject({ mode: "paused", missed: 4 });
    view.press(" ");
    expect(view.list).toEqual(numbered(7));
    expect(view.state.reading).toEqual({ mode: "live" });
  });

  it("keeps what it shows, though the ring lets all of it go", () => {
    const view = new View().arrive(numbered(3)).press(" ").arrive(numbered(RING_MAX_MESSAGES, 3));
    expect(view.list).toEqual(numbered(3));
  });

  it("counts only what would be shown", () => {
    const view = new View(["a", "b"]).press("2").press(" ");
    view.arrive(["1"], { stream: 0 }).arrive(["2", "3"], { stream: 1 });
    expect(view.state.reading).toMatchObject({ missed: 2 });
  });

  it("going up pauses, and there is nothing to pause for in an empty list", () => {
    expect(new View().press("up").state.reading.mode).toBe("live");
    const view = new View().arrive(numbered(3)).press("up");
    expect(view.state.reading.mode).toBe("paused");
    expect(view.selected).toBe(`{"n":1}`);
    expect(view.press("G").selected).toBe(`{"n":2}`);
  });
});

describe("the view: scrolling", () => {
  it("the chosen message is always on the screen, whatever keys are pressed", () => {
    const view = new View(["orders"], 60, 12).arrive(numbered(200));
    const keys = ["pageup", "pageup", "up", "return", "up", "pagedown", "e", "g", "down", "pagedown", "down", "G", "k"];
    for (const key of keys) {
      view.press(key);
      const chosen = view.selected ?? "";
      const row = view.state.reading.mode === "live" ? 0 : view.screen.findIndex((line) => /^[>│]/.test(line));
      expect(row, `after ${key}, ${chosen}`).toBeGreaterThanOrEqual(0);
      expect(view.screen).toHaveLength(12);
    }
  });

  it("a page up and a page down lead back", () => {
    const view = new View(["orders"], 60, 12).arrive(numbered(200)).press("pageup", "pageup");
    const before = view.screen;
    view.press("pageup", "pagedown");
    expect(view.screen.slice(1, 9).map((line) => line.slice(2))).toEqual(
      before.slice(1, 9).map((line) => line.slice(2)),
    );
  });

  it("a message that is taller than the screen is scrolled through row by row", () => {
    const tall = JSON.stringify(Array.from({ length: 40 }, (_, i) => i));
    const view = new View(["orders"], 60, 12).arrive(["1", tall, "2"]).press("up", "return");
    expect(view.screen[1]).toMatch(/^> /);
    view.press("down");
    expect(view.screen[1]).toBe("│ [");
    view.press(...Array.from({ length: 60 }, () => "down"));
    expect(view.selected).toBe("2");
    view.press("up");
    expect(view.selected).toBe(tall);
  });

  it("pages at the ends choose the first and the last", () => {
    const view = new View(["orders"], 60, 12)
      .arrive(numbered(30))
      .press("pageup", "pageup", "pageup", "pageup", "pageup");
    expect(view.selected).toBe(`{"n":0}`);
    view.press("pagedown", "pagedown", "pagedown", "pagedown", "pagedown");
    expect(view.selected).toBe(`{"n":29}`);
  });
});

describe("the view: search", () => {
  const words = ["alpha", "beta", "gamma", "alphabet"];

  it("goes to the nearest match above as one types, and Escape goes back", () => {
    const view = new View().arrive(words, { kind: "text" }).press("/").type("bet");
    expect(view.selected).toBe("alphabet");
    view.type("a");
    expect(view.selected).toBe("beta");
    expect(view.state.prompt?.note?.text).toBe("1 match");
    view.press("escape");
    expect(view.state).toMatchObject({ search: undefined, prompt: undefined, reading: { mode: "live" } });
  });

  it("n and N go from match to match, and around the end", () => {
    const view = new View().arrive(words, { kind: "text" }).press("/").type("alpha").press("return");
    expect(view.selected).toBe("alphabet");
    expect(view.press("n").selected).toBe("alpha");
    expect(view.state.notice?.text).toBe("Match 1 of 2, around the end");
    expect(view.press("n").selected).toBe("alphabet");
    expect(view.press("N").selected).toBe("alpha");
  });

  it("says that nothing is found", () => {
    const view = new View().arrive(words, { kind: "text" }).press("/").type("x");
    expect(view.state.prompt?.note).toEqual({ text: "0 matches", isProblem: true });
    expect(view.press("return", "n").state.notice?.isProblem).toBe(true);
  });
});

describe("the view: filter", () => {
  it("shows at once what matches, of what is there and of what comes", () => {
    const view = new View().arrive(numbered(5)).press("f").type(".n = 3").press("return");
    expect(view.list).toEqual([`{"n":3}`]);
    view.arrive([...numbered(2), `{"n":3,"again":true}`]);
    expect(view.list).toEqual([`{"n":3}`, `{"n":3,"again":true}`]);
    expect(view.press("escape").list).toHaveLength(8);
  });

  it("what is half typed leaves the last whole filter standing, and cannot be meant", () => {
    const view = new View().arrive(numbered(5)).press("f").type(".n = 3").type(" ").press("ctrl-u").type(".n !");
    expect(view.state.prompt?.note?.isProblem).toBe(true);
    expect(view.press("return").state.prompt).toBeDefined();
    expect(view.press("escape").list).toEqual(numbered(5));
  });

  it("works on what stands still as well", () => {
    const view = new View().arrive(numbered(5)).press(" ").arrive(numbered(5, 5)).press("f").type(".n").press("return");
    expect(view.list).toEqual(numbered(5));
  });
});

describe("the view: several streams", () => {
  it("are mixed in the order of arrival, and one can be seen alone", () => {
    const view = new View(["a", "b"]).arrive(["1"], { stream: 0 }).arrive(["2"], { stream: 1 }).arrive(["3"]);
    expect(view.list).toEqual(["1", "2", "3"]);
    expect(view.press("2").list).toEqual(["2"]);
    expect(view.press("tab").list).toEqual(["1", "2", "3"]);
    expect(view.press("tab").list).toEqual(["1", "3"]);
    expect(view.press("shift-tab", "shift-tab").list).toEqual(["2"]);
    expect(view.press("0", "9").state.tab).toBeUndefined();
  });
});

describe("the view: jumps", () => {
  it("to an offset: the stream is read from there, and holds until it is looked through", () => {
    const view = new View().arrive(numbered(3)).press("o").type(" 0_5 ").press("return");
    expect(view.effects).toEqual([{ type: "read", stream: 0, reading: 1, offset: "0_5" }]);
    expect(view.list).toEqual(numbered(3));
    expect(mayRead(view.state, 0)).toBe(true);
    view.arrive(numbered(READ_AHEAD_MESSAGES + 1), { reading: 1, upToDate: false });
    expect(view.selected).toBe(`{"n":0}`);
    expect(mayRead(view.state, 0)).toBe(false);
    expect(mayRead(view.press("down", "down").state, 0)).toBe(true);
    expect(mayRead(view.press("up", "up", "G").state, 0)).toBe(true);
  });

  it("messages that are read again are counted once", () => {
    const view = new View().arrive(numbered(3)).press("s").arrive(numbered(3), { reading: 1 });
    expect(view.state.streams[0]).toMatchObject({ total: 3, bytes: 21 });
  });

  it("is not held up by few messages, but by large ones", () => {
    const view = new View().press("s");
    view.arrive(["x".repeat(1_000_000), ..."123456789".split("").map((digit) => digit.repeat(1_000_000))], {
      reading: 1,
    });
    expect(mayRead(view.state, 0)).toBe(false);
  });

  it("to the start reads from -1, and among several streams one has to be chosen", () => {
    const view = new View(["a", "b"]).press("s");
    expect(view.effects).toEqual([]);
    expect(view.state.notice?.text).toContain("Choose one stream first");
    expect(view.press("2", "s").effects).toEqual([{ type: "read", stream: 1, reading: 1, offset: "-1" }]);
  });

  it("one that leads nowhere says why and gives up nothing: what is read goes on", () => {
    const view = new View().arrive(["1"]).press("s").arrive(["2"]);
    view.send({ type: "refused", stream: 0, reading: 1, problem: "no" }).arrive(["3"]);
    expect(view.effects).toHaveLength(1);
    expect(view.list).toEqual(["1", "2", "3"]);
    expect(view.state).toMatchObject({ reading: { mode: "live" }, notice: { text: "no", isProblem: true } });
  });

  it("an offset that is refused can be mended where it was typed, and what was paused stays as it was", () => {
    const view = new View().arrive(numbered(3)).press("up", "o").type("abc").press("return");
    expect(view.state.prompt).toMatchObject({ text: "abc", note: { isProblem: false } });
    view.send({ type: "refused", stream: 0, reading: 1, problem: "no offset" });
    expect(view.state.prompt).toMatchObject({ text: "abc", note: { text: "no offset", isProblem: true } });
    expect(view.selected).toBe(`{"n":1}`);
    expect(view.state.reading.mode).toBe("paused");
    view.press("ctrl-u").type("0_2").press("return").connect("live", { reading: 2 });
    expect(view.effects.at(-1)).toMatchObject({ reading: 2, offset: "0_2" });
    expect(view.state).toMatchObject({ prompt: undefined, reading: { mode: "browsing" }, list: [] });
  });

  it.each([
    ["Escape", (view: View) => view.press("escape")],
    ["other text", (view: View) => view.type("3")],
  ])("an offset that the server has not answered yet is taken back by %s", (_how, takeBack) => {
    const view = new View().arrive(["1"]).press("o").type("0_2").press("return");
    takeBack(view).connect("live", { reading: 1 }).arrive(["2"], { reading: 1 });
    expect(view.list).toEqual(["1"]);
    expect(view.state.reading.mode).toBe("live");
  });

  it("a search that is typed while the start is asked for goes on in what comes from there", () => {
    const view = new View().arrive(["1"]).press("up", "s", "/").type("2").arrive(["2", "3"], { reading: 1 });
    expect(view.state.prompt?.text).toBe("2");
    expect(view.press("escape").list).toEqual(["2", "3"]);
  });

  it("G on the newest skips what is not read yet, and only then", () => {
    const view = new View().connect("live").arrive(["1"]).press("G");
    expect(view.effects).toEqual([]);
    view.arrive(["2"], { upToDate: false }).press("G");
    expect(view.effects).toEqual([{ type: "read", stream: 0, reading: 1, offset: "now" }]);
  });
});

describe("the view: copying, saving, leaving", () => {
  it("copies the chosen message", () => {
    const view = new View().arrive(["1", "2"]).press("up", "c");
    expect(view.effects).toMatchObject([{ type: "copy", message: { number: 0 } }]);
  });

  it("offers the same name for the same message, however often it is read", () => {
    const name = (view: View): string | undefined => view.press("w").state.prompt?.text;
    const view = new View(["rooms/42"]).arrive(numbered(3));
    const first = name(view);
    view.press("escape", "s").arrive(numbered(3), { reading: 1 }).press("down", "down");
    expect(view.selected).toBe(`{"n":2}`);
    expect(name(view)).toBe(first);
    expect(first).toMatch(/^42-[0-9a-f]{8}\.json$/);
    expect(name(view.press("escape", "up"))).not.toBe(first);
  });

  it("saves under a name that is offered, and asks again when that cannot be", () => {
    const view = new View(["logs/app"]).arrive(["x"], { kind: "text" }).press("w");
    // The beginning of the SHA-256 of "x".
    expect(view.state.prompt?.text).toBe("app-2d711642.txt");
    view.press("return").send({ type: "told", text: "is there", isProblem: true, keepsPrompt: true });
    expect(view.effects).toMatchObject([{ type: "save", path: "app-2d711642.txt" }]);
    expect(view.state.prompt?.note?.text).toBe("is there");
    view.type("x").press("return").send({ type: "told", text: "Saved", isProblem: false, keepsPrompt: false });
    expect(view.effects[1]).toMatchObject({ path: "app-2d711642.txtx" });
    expect(view.state).toMatchObject({ prompt: undefined, notice: { text: "Saved" } });
  });

  it("Escape closes one thing after the other, then leaves", () => {
    const view = new View().arrive(["1"]).press("f").type("1").press("return", "/").type("1").press("return", "?");
    view.press("escape");
    expect(view.state.help).toBeUndefined();
    expect(view.press("escape").state.search).toBeUndefined();
    expect(view.press("escape").state.filter).toBeUndefined();
    expect(view.effects).toEqual([]);
    expect(view.press("escape").effects).toEqual([{ type: "leave", interrupted: false }]);
  });

  it.each([
    ["q", false],
    ["ctrl-c", true],
  ])("%s leaves", (key, interrupted) => {
    expect(new View().press(key).effects).toEqual([{ type: "leave", interrupted }]);
  });

  it("in a prompt q is a letter, and Ctrl-C leaves all the same", () => {
    const view = new View().press("/").type("q");
    expect(view.state.prompt?.text).toBe("q");
    expect(view.press("ctrl-c").effects).toEqual([{ type: "leave", interrupted: true }]);
  });
});
