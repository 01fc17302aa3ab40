import { describe, expect, it } from "vitest";
import { LiveStore } from "../../src/tail/live-store.ts";
import type { Effect } from "../../src/tail/model/event.ts";
import { eventually, showScreen, type Shown } from "../screen/support/shown.tsx";
import { batch } from "./support/view.ts";

interface LiveView extends Shown {
  readonly store: LiveStore;
  readonly effects: readonly Effect[];
}

async function show(): Promise<LiveView> {
  const effects: Effect[] = [];
  const store = new LiveStore([{ name: "orders", url: "http://127.0.0.1/orders" }], (effect) => effects.push(effect));
  store.dispatch({ type: "resized", columns: 80, rows: 12 });
  const shown = showScreen(store);
  store.dispatch({ type: "arrived", atMs: 0, batches: [batch([`{"id":1}`, `{"id":2}`, `{"id":3}`])] });
  await shown.shows(`{"id":3}`);
  return { store, effects, ...shown };
}

describe("the live view", () => {
  it("puts every row of the screen where it belongs", async () => {
    const { frame } = await show();
    const rows = frame().split("\n");
    expect(rows).toHaveLength(12);
    expect(rows[1]).toContain(`{"id":1}`);
    expect(rows[11]).toContain("q leave");
  });

  it.each([
    ["\u001b[A", "up", `> {"id":2}`],
    ["k", "up", `> {"id":2}`],
    ["\u001b[5~", "page up", `> {"id":1}`],
    ["\u001b[H", "home", `> {"id":1}`],
    ["\r", "enter", `"id": 3`],
    [" ", "space", "paused"],
    ["?", "question mark", "Keys of the live view"],
  ])("takes %j for %s", async (bytes, _key, expected) => {
    const { shows, press } = await show();
    press(bytes);
    await shows(expected);
  });

  it("takes keys that come all at once one by one, and what is typed into a prompt as text", async () => {
    const { store, shows, press } = await show();
    press("/id");
    await shows("/id▏  3 matches");
    press("\u007f\u007f2}\r");
    await eventually(() => {
      expect(store.getState()).toMatchObject({ search: "2}", prompt: undefined });
    });
    press("fend\r");
    await eventually(() => {
      expect(store.getState().filter?.text).toBe("end");
    });
  });

  it("hears keys with Ctrl in the middle of what comes all at once", async () => {
    const { store, effects, shows, press } = await show();
    press("/some words\u0017\u0015id");
    await shows("/id▏  3 matches");
    press("\u0003k");
    await eventually(() => {
      expect(effects).toEqual([{ type: "leave", interrupted: true }]);
    });
    expect(store.getState().prompt?.text).toBe("idk");
  });

  it.each([
    ["q", false],
    ["\u001b", false],
    ["\u0003", true],
  ])("%j leaves, interrupted: %s", async (bytes, interrupted) => {
    const { effects, press } = await show();
    press(bytes);
    await eventually(() => {
      expect(effects).toEqual([{ type: "leave", interrupted }]);
    });
  });
});
