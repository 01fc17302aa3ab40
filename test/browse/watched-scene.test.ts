import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrowsingReducer, INITIAL_BROWSING, type Browsing } from "../../src/browse/browsing.ts";
import { REFRESH } from "../../src/browse/keys.ts";
import { WatchedScene } from "../../src/browse/watched-scene.ts";
import { closingBindings } from "../../src/screen/common-keys.ts";
import type { Scene } from "../../src/screen/scene.ts";
import { Stage } from "../../src/screen/stage.ts";

const PAUSE_MS = 1_000;

interface Open {
  readonly type: "open";
}

const reducer = new BrowsingReducer<Browsing, "open" | "back", Open>({
  bindings: [
    { action: "open", keys: ["return"], shown: "Enter", help: "open" },
    REFRESH,
    ...closingBindings("back to where this was opened from"),
  ],
  count: () => 1,
  room: () => 1,
  choseIndex: (state) => state,
  walksWhileTyping: false,
  typed: (state) => state,
  cancelled: (state) => state,
  submitted: (state) => ({ state }),
  acted: (state, action) => ({ state, effect: { type: action } }),
});

/** A scene that counts what it is asked to do. */
class Counting extends WatchedScene<Browsing, never, Open> {
  refreshes = 0;
  fetches = 0;
  made = 0;
  refreshed: () => Promise<void> = () => Promise.resolve();
  make: () => Promise<Scene> = () => Promise.resolve(new Counting());

  constructor() {
    super({ initial: INITIAL_BROWSING, reduce: (state, event) => reducer.reduce(state, event), rows: () => [] });
  }

  get isAborted(): boolean {
    return this.signal.aborted;
  }

  protected override refresh(): Promise<void> {
    this.refreshes++;
    return this.refreshed();
  }

  protected override pauseMs(): number {
    return PAUSE_MS;
  }

  protected override fetchShown(): void {
    this.fetches++;
  }

  protected override act(): void {
    void this.open(() => {
      this.made++;
      return this.make();
    });
  }
}

/** On a stage, its first refresh being over. */
async function open() {
  const stage = new Stage(() => [{ type: "resized", columns: 80, rows: 24 }]);
  const scene = new Counting();
  stage.open(scene);
  await pass(0);
  const press = async (name: string): Promise<void> => {
    stage.press({ name });
    await pass(0);
  };
  return { stage, scene, press };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a scene that is kept up to date", () => {
  it("asks when it opens, again after each pause, and at once when a key says so", async () => {
    const { scene, press } = await open();
    expect(scene.refreshes).toBe(1);
    await pass(PAUSE_MS - 1);
    expect(scene.refreshes).toBe(1);
    await pass(1);
    expect(scene.refreshes).toBe(2);
    await press("r");
    expect(scene.refreshes).toBe(3);
    await pass(PAUSE_MS);
    expect(scene.refreshes).toBe(4);
  });

  it("asks nothing while another is in front of it, and at once when that has closed", async () => {
    const { stage, scene, press } = await open();
    await press("return");
    const { fetches } = scene;
    stage.dispatch({ type: "tick", atMs: 1 });
    await pass(10 * PAUSE_MS);
    expect([scene.refreshes, scene.fetches]).toEqual([1, fetches]);
    await press("escape");
    expect(scene.refreshes).toBe(2);
    stage.dispatch({ type: "tick", atMs: 2 });
    expect(scene.fetches).toBe(fetches + 1);
  });

  it("says why what was in front of it has closed", async () => {
    const { scene } = await open();
    scene.resumed({ text: "it is gone", isProblem: true });
    expect(scene.screen.getState().notice).toEqual({ text: "it is gone", isProblem: true });
  });

  it("shows why it could not ask, unless it was closed meanwhile", async () => {
    const { stage, scene, press } = await open();
    scene.refreshed = () => Promise.reject(new Error("no answer"));
    await press("r");
    expect(scene.screen.getState().problem).toBe("no answer");
    scene.refreshed = () => new Promise((_resolve, reject) => setTimeout(reject, 5, new Error("aborted")));
    await press("r");
    stage.close();
    await pass(10 * PAUSE_MS);
    expect(scene.screen.getState().problem).toBe("no answer");
  });

  it("closed, it asks no more, and what it waits for is aborted", async () => {
    const { stage, scene } = await open();
    stage.close();
    await pass(10 * PAUSE_MS);
    expect(scene.refreshes).toBe(1);
    expect(scene.isAborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("opens one scene at a time, and says why one cannot be opened", async () => {
    const { scene, press } = await open();
    scene.make = () => new Promise((_resolve, reject) => setTimeout(reject, 5, new Error("there is none")));
    await press("return");
    await press("return");
    expect(scene.made).toBe(1);
    await pass(5);
    expect(scene.screen.getState().notice).toEqual({ text: "there is none", isProblem: true });
    await press("return");
    expect(scene.made).toBe(2);
  });

  it("opens nothing once it is closed", async () => {
    const { stage, scene, press } = await open();
    const front = new Counting();
    scene.make = () => new Promise((resolve) => setTimeout(resolve, 5, front));
    await press("return");
    stage.close();
    await pass(5);
    expect(front.refreshes).toBe(0);
    expect(scene.screen.getState().notice).toBeUndefined();
  });
});

describe("the ways out", () => {
  it.each([
    ["q", false],
    ["escape", false],
    ["ctrl-c", true],
  ])("%s leaves, interrupted: %s", async (key, interrupted) => {
    const { stage, press } = await open();
    await press(key);
    await stage.end;
    expect(stage.interrupted).toBe(interrupted);
  });

  it("from a scene that was opened Escape leads back, and q leaves all", async () => {
    const { stage, scene, press } = await open();
    await press("return");
    await press("escape");
    expect(stage.getState()).toBe(scene.screen.getState());
    await press("return");
    await press("q");
    await stage.end;
  });

  it("an open help is closed by any key, which does nothing else", async () => {
    const { scene, press } = await open();
    await press("?");
    expect(scene.screen.getState().help).toBe(0);
    await press("return");
    expect(scene.screen.getState().help).toBeUndefined();
    expect(scene.made).toBe(0);
  });
});
