import { describe, expect, it } from "vitest";
import { ListScene } from "../../src/browse/list/list-scene.ts";
import type { ListedStream, ListOptions } from "../../src/client/directory.ts";
import { showScene } from "../screen/support/shown.tsx";
import { listed } from "./support/list-view.ts";

/** A directory that a test can change, and that notes what it was asked. */
class Directory {
  there = new Map<string, ListedStream>();
  readonly asked: string[] = [];
  problem: Error | undefined;
  lists = 0;

  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const path = `s${String(i).padStart(3, "0")}`;
      this.there.set(path, listed(path, i));
    }
  }

  async *names(): AsyncGenerator<readonly string[]> {
    this.lists++;
    if (this.problem !== undefined) throw this.problem;
    yield [...this.there.keys()];
  }

  async *streams({ prefix = "" }: ListOptions = {}): AsyncGenerator<readonly ListedStream[]> {
    this.asked.push(prefix);
    const found = this.there.get(prefix);
    yield found === undefined ? [] : [found];
  }
}

/** The scene on a stage, drawn by ink. A refresh comes only when a key asks for it. */
function show(directory: Directory) {
  const scene = new ListScene({
    directory,
    root: "http://127.0.0.1/v1/stream",
    prefix: undefined,
    intervalMs: 3_600_000,
    sourcesOf: (path) => Promise.reject(new Error(`cannot open ${path}`)),
    inspectionOf: (path) => Promise.reject(new Error(`cannot inspect ${path}`)),
  });
  return showScene(scene, 15);
}

describe("the list of streams on a screen", () => {
  it("asks only the streams that are on the screen, and others once they are", async () => {
    const directory = new Directory(200);
    const { shows, press, frame } = show(directory);
    await shows(/s009 +application\/json +9 /);
    expect(directory.asked.toSorted()).toEqual([...directory.there.keys()].slice(0, 10));
    press("G");
    await shows(/> s199 +application\/json +199 /);
    expect(directory.asked).toHaveLength(20);
    expect(frame().split("\n")).toHaveLength(15);
  });

  it("r asks again: what is new is there, what is gone is not, and the rate is what came meanwhile", async () => {
    const directory = new Directory(3);
    const { shows, press, frame } = show(directory);
    await shows(/s002 +application\/json +2 /);
    directory.there.delete("s000");
    directory.there.set("s002", listed("s002", 5_002));
    directory.there.set("t", listed("t", 1));
    press("r");
    await shows(/s002 +application\/json +5002 +\d[\d.]*[kM]?\/s/);
    await shows(/\bt +application\/json/);
    expect(frame()).not.toContain("s000");
    expect(directory.lists).toBe(2);
  });

  it("a refresh that fails is told, and the next one that succeeds takes that back", async () => {
    const directory = new Directory(1);
    const { shows, press, frame } = show(directory);
    await shows(/s000 +application\/json/);
    directory.problem = new Error("no answer");
    press("r");
    await shows("no answer");
    expect(frame()).toContain("× ");
    directory.problem = undefined;
    press("r");
    await shows(/● {2}1 stream/);
    expect(frame()).not.toContain("no answer");
  });

  it("what cannot be opened is told, and the list goes on", async () => {
    const { shows, press } = show(new Directory(2));
    await shows("s001");
    press("j\r");
    await shows("cannot open s001");
    press("i");
    await shows("cannot inspect s001");
  });

  it("filters as one types, and q leaves", async () => {
    const { stage, shows, press } = show(new Directory(20));
    await shows("s001");
    press("/");
    await shows("filter: ");
    press("s01");
    await shows("10 streams");
    press("\r");
    await shows("filter s01");
    press("q");
    await stage.end;
    expect(stage.interrupted).toBe(false);
  });
});
