import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inParallel } from "../../../src/cli/inspect/in-parallel.ts";
import { onOneLine } from "../../../src/cli/inspect/one-line.ts";
import { progressBar, StatusLine } from "../../../src/cli/inspect/status-line.ts";

describe("one line", () => {
  it("line breaks become blanks, and nothing is copied without need", () => {
    const message = Buffer.from(`{"a": "\\n"}`);
    expect(onOneLine(message)).toBe(message);
    expect(Buffer.from(onOneLine(Buffer.from("[\r\n1]"))).toString()).toBe("[  1]");
  });
});

describe("in parallel", () => {
  async function* numbers(count: number): AsyncGenerator<number> {
    for (let i = 0; i < count; i++) yield await Promise.resolve(i);
  }

  it("results come in the items' order, however they end, and no more are under way than were allowed", async () => {
    let underWay = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      for (let turns = 20 - item; turns > 0; turns--) await Promise.resolve();
      underWay--;
      return item;
    };
    const results: number[] = [];
    for await (const result of inParallel(numbers(20), 4, work)) results.push(result);
    expect(results).toEqual([...Array(20).keys()]);
    expect(most).toBe(4);
  });

  it("a failure ends it when it is its turn, and waits for what was begun", async () => {
    let ended = 0;
    const work = async (item: number): Promise<number> => {
      await Promise.resolve();
      ended++;
      if (item === 2) throw new Error("the third");
      return item;
    };
    const results: number[] = [];
    const all = async (): Promise<void> => {
      for await (const result of inParallel(numbers(10), 3, work)) results.push(result);
    };
    await expect(all()).rejects.toThrow("the third");
    expect(results).toEqual([0, 1]);
    expect(ended).toBe(5);
  });
});

describe("the status line", () => {
  const { isTTY, columns } = process.stderr;
  let written: string[];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
    Object.assign(process.stderr, { isTTY: true, columns: 20 });
    written = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    Object.assign(process.stderr, { isTTY, columns });
  });

  it("shows nothing for what is done soon, then one line that fits, and goes away", () => {
    const line = new StatusLine(false);
    line.update(() => "too soon");
    vi.advanceTimersByTime(1000);
    line.update((elapsedMs) => `after ${String(elapsedMs)} ms, and more than fits`);
    line.update(() => "too often");
    vi.advanceTimersByTime(200);
    line.update(() => "again");
    line.clear();
    line.clear();
    expect(written).toEqual(["\r\u001b[2Kafter 1000 ms, and ", "\r\u001b[2Kagain", "\r\u001b[2K"]);
  });

  it.each([
    ["with --quiet", true, true],
    ["off a terminal", false, false],
  ])("shows nothing %s", (_when, isQuiet, isTerminal) => {
    Object.assign(process.stderr, { isTTY: isTerminal });
    const line = new StatusLine(isQuiet);
    vi.advanceTimersByTime(5000);
    line.update(() => "text");
    line.clear();
    expect(written).toEqual([]);
  });

  it("a part of a whole is a bar and percent; nothing is all of nothing", () => {
    expect(progressBar(1, 2)).toBe("[##########----------] 50 %");
    expect(progressBar(999, 1000)).toBe("[###################-] 99 %");
    expect([progressBar(0, 0), progressBar(3, 2)]).toEqual(Array(2).fill("[####################] 100 %"));
    expect(progressBar(-1, 3)).toBe("[--------------------] 0 %");
  });
});
