import { describe, expect, it } from "vitest";
import { pathsOnScreen } from "../../src/browse/list/state.ts";
import { listed, ListView } from "./support/list-view.ts";

const MANY = Array.from({ length: 1_000 }, (_, i) => `s${String(i).padStart(4, "0")}`);

describe("the list of streams: choosing", () => {
  it("moves by one, by pages and to the ends, and stays within the list", () => {
    const view = new ListView(80, 15).list(...MANY);
    expect(view.press("up").chosen).toBe("s0000");
    expect(view.press("down", "j").chosen).toBe("s0002");
    expect(view.press("pagedown").chosen).toBe("s0011");
    expect(view.press("pageup", "k").chosen).toBe("s0001");
    expect(view.press("G", "down").chosen).toBe("s0999");
    expect(view.press("g").chosen).toBe("s0000");
  });

  it("only what is on the screen is asked, however long the list is", () => {
    const view = new ListView(80, 15).list(...MANY).press("G");
    expect(pathsOnScreen(view.state)).toEqual(MANY.slice(-10));
  });

  it("a stream stays chosen when others come and go above it; when it goes itself, the next one is", () => {
    const view = new ListView().list("b", "d", "f").press("down");
    expect(view.list("a", "b", "c", "d", "f").chosen).toBe("d");
    expect(view.list("a", "b", "c", "f").chosen).toBe("f");
    expect(view.list("a").chosen).toBe("a");
    expect(view.list().chosen).toBeUndefined();
  });

  it("Enter opens the chosen stream and i inspects it; in an empty list there is nothing to open", () => {
    const view = new ListView().list("a", "b").press("down", "return", "i");
    expect(view.effects).toEqual([
      { type: "open", path: "b" },
      { type: "inspect", path: "b" },
    ]);
    const empty = new ListView().list().press("return");
    expect(empty.effects).toEqual([]);
    expect(empty.screen.at(-1)).toBe("There is no stream to choose.");
  });
});

describe("the list of streams: the filter", () => {
  it("narrows the list as it is typed; letter case counts only once there is a capital", () => {
    const view = new ListView().list("Orders", "orders/1", "rooms").press("/").type("ord");
    expect(view.state.shown).toEqual(["Orders", "orders/1"]);
    expect(view.screen.at(-1)).toBe("filter: ord▏  2 streams");
    view.press("backspace", "backspace", "backspace").type("Ord");
    expect(view.state.shown).toEqual(["Orders"]);
  });

  it("stays when Enter ends the typing, and new streams must pass it; Escape takes it away, and only then leaves", () => {
    const view = new ListView().list("a1", "b1").press("f").type("a").press("return");
    expect(view.list("a1", "a2", "b1").state.shown).toEqual(["a1", "a2"]);
    expect(view.press("escape").state.shown).toEqual(["a1", "a2", "b1"]);
    expect(view.effects).toEqual([]);
    expect(view.press("escape").effects).toEqual([{ type: "leave", interrupted: false }]);
  });

  it("Escape while typing brings back the filter from before, and what was chosen can be moved meanwhile", () => {
    const view = new ListView().list("a1", "a2", "b1").press("/").type("a").press("return", "/").type("2");
    expect(view.state.shown).toEqual(["a2"]);
    view.press("escape");
    expect(view.state).toMatchObject({ filter: "a", prompt: undefined, shown: ["a1", "a2"] });
    expect(view.press("/", "up", "down").chosen).toBe("a2");
  });

  it("with nothing left to erase, the prompt itself goes", () => {
    const view = new ListView().list("a").press("/").type("x").press("backspace", "backspace");
    expect(view.state).toMatchObject({ prompt: undefined, filter: "" });
  });
});

describe("the list of streams: what is known", () => {
  it("the rate is what came since the stream was asked the last time", () => {
    const view = new ListView()
      .list("a", "t")
      .ask(listed("a", 10))
      .ask(listed("t", 0, { contentType: "text/plain" }));
    expect(view.state.known.get("a")?.perSecond).toBeUndefined();
    view
      .after(2_000)
      .ask(listed("a", 30))
      .ask(listed("t", 5_000, { contentType: "text/plain" }));
    expect(view.state.known.get("a")?.perSecond).toBe(10);
    expect(view.screen[2]).toMatch(/ 30 +10\/s/);
    expect(view.screen[3]).toMatch(/ 5000 +2\.50 kB\/s/);
  });

  it("a stream that was deleted and created again has no rate yet", () => {
    const view = new ListView().list("a").ask(listed("a", 10)).after(1_000);
    view.ask(listed("a", 2, { createdAt: "2026-01-01T00:00:05.000Z" }));
    expect(view.state.known.get("a")?.perSecond).toBeUndefined();
  });

  it("what is gone is forgotten", () => {
    const view = new ListView().list("a", "b").ask(listed("a", 1)).ask(listed("b", 1)).list("b");
    expect([...view.state.known.keys()]).toEqual(["b"]);
  });

  it("a refresh that failed says why until one succeeds, and the list stays", () => {
    const view = new ListView().list("a").send({ type: "failed", problem: "no answer" });
    expect(view.screen).toContain("no answer");
    expect(view.state.shown).toEqual(["a"]);
    expect(view.list("a").screen).not.toContain("no answer");
  });

  it("the chosen stream stays on the screen when a problem takes a row of it", () => {
    const view = new ListView(80, 12).list(...MANY).press(...Array.from({ length: 6 }, () => "down"));
    expect(view.screen[8]).toMatch(/^> s0006/);
    view.send({ type: "failed", problem: "no answer" });
    expect(view.screen.some((row) => row.startsWith("> s0006"))).toBe(true);
  });
});
