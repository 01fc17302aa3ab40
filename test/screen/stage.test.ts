import { describe, expect, it } from "vitest";
import type { Notice, Scene, ScreenEvent, Stagehand } from "../../src/screen/scene.ts";
import { Stage } from "../../src/screen/stage.ts";
import { Store } from "../../src/screen/store.ts";
import { rowText, segment } from "../../src/screen/text/segment.ts";

/** A scene that shows its name and the keys that it has heard. */
class Keys implements Scene {
  readonly log: string[] = [];
  stagehand: Stagehand | undefined;
  readonly screen: Store<string, never, never>;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const heard = (event: ScreenEvent): string => {
      if (event.type === "key") return event.key;
      return event.type === "resized" ? `${String(event.columns)}x${String(event.rows)} ` : "";
    };
    this.screen = new Store(
      {
        initial: "",
        reduce: (state: string, event: ScreenEvent) => ({ state: state + heard(event) }),
        rows: (state: string) => [[segment(`${name}: ${state}`)]],
        isTyping: () => false,
      },
      () => undefined,
    );
  }

  start(stagehand: Stagehand): void {
    this.stagehand = stagehand;
    this.log.push("started");
  }

  stop(): void {
    this.log.push("stopped");
  }

  resumed(notice: Notice | undefined): void {
    this.log.push(`resumed${notice === undefined ? "" : `: ${notice.text}`}`);
  }

  farewell(): string {
    return `${this.#name} says farewell`;
  }
}

function open() {
  const stage = new Stage(() => [{ type: "resized", columns: 80, rows: 24 }]);
  const [first, second] = [new Keys("first"), new Keys("second")];
  let changes = 0;
  stage.subscribe(() => changes++);
  stage.open(first);
  return { stage, first, second, shown: () => stage.rows().map(rowText), changes: () => changes };
}

describe("the stage", () => {
  it("a scene is told the terminal's size before it is shown, and hears the keys", () => {
    const { stage, shown } = open();
    stage.press({ text: "ab" });
    expect(shown()).toEqual(["first: 80x24 ab"]);
  });

  it("an opened scene is shown and hears the keys; back leads to the one below, which is told so", () => {
    const { stage, first, second, shown } = open();
    first.stagehand?.open(second);
    stage.press({ text: "x" });
    expect(shown()).toEqual(["second: 80x24 x"]);
    second.stagehand?.back();
    stage.press({ text: "y" });
    expect(shown()).toEqual(["first: 80x24 y"]);
    expect(second.log).toEqual(["started", "stopped"]);
    expect(first.log).toEqual(["started", "resumed"]);
  });

  it("a scene that is not shown changes nothing on the screen, and follows the terminal's size", () => {
    const { stage, first, second, shown, changes } = open();
    first.stagehand?.open(second);
    const before = changes();
    first.screen.press({ text: "z" });
    expect(changes()).toBe(before);
    stage.dispatch({ type: "resized", columns: 40, rows: 10 });
    second.stagehand?.back();
    expect(shown()).toEqual(["first: 80x24 z40x10 "]);
  });

  it("back from the first scene leaves, uninterrupted; what is left asks nothing more", async () => {
    const { stage, first } = open();
    first.stagehand?.back();
    await stage.end;
    expect(stage.interrupted).toBe(false);
    expect(stage.close()).toBe("first says farewell");
    expect(first.log).toEqual(["started", "stopped"]);
  });

  it("leaving from an opened scene ends the whole view and closes all", async () => {
    const { stage, first, second } = open();
    first.stagehand?.open(second);
    second.stagehand?.leave(true);
    await stage.end;
    expect(stage.interrupted).toBe(true);
    expect(stage.close()).toBe("second says farewell");
    expect([first.log.at(-1), second.log.at(-1)]).toEqual(["stopped", "stopped"]);
  });

  it("an opened scene that cannot go on is closed, and the one below says why", () => {
    const { stage, first, second } = open();
    first.stagehand?.open(second);
    second.stagehand?.fail(new Error("all of it"), "gone");
    expect(first.log).toEqual(["started", "resumed: gone"]);
    // What it still says after that is of no interest.
    second.stagehand?.back();
    expect(first.log).toHaveLength(2);
    expect(stage.rows()).toHaveLength(1);
  });

  it("what was opened from a scene that cannot go on closes with it", () => {
    const { first, second, shown } = open();
    const third = new Keys("third");
    first.stagehand?.open(second);
    second.stagehand?.open(third);
    second.stagehand?.fail(new Error("all of it"), "gone");
    expect(third.log).toEqual(["started", "stopped"]);
    expect(first.log).toEqual(["started", "resumed: gone"]);
    expect(shown()).toEqual(["first: 80x24 "]);
  });

  it("the first scene's failure ends the view with the error itself", async () => {
    const { stage, first } = open();
    const error = new Error("all of it");
    first.stagehand?.fail(error, "gone");
    await expect(stage.end).rejects.toBe(error);
  });

  it("a scene below opens nothing while another is in front of it", () => {
    const { first, second, shown } = open();
    first.stagehand?.open(second);
    first.stagehand?.open(new Keys("third"));
    expect(shown()).toEqual(["second: 80x24 "]);
  });
});
