import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupCommit } from "../../src/worker/stream/group-commit.ts";

/** Lets everything that waits for nothing but its turn run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A group commit whose steps are taken by the test. Requests are numbers, and an outcome is its request times ten. */
class Bench {
  readonly log: string[] = [];
  readonly groups: number[][] = [];
  /** What was stored, in order. */
  readonly stored: number[] = [];
  /** Groups with one of these numbers are refused by storage. */
  readonly failing = new Set<number>();
  /** The time, as the group commit sees it. */
  nowMs = 1_000_000;
  readonly #durable: PromiseWithResolvers<undefined>[] = [];
  readonly #turns: (() => void)[] = [];
  readonly #appends: GroupCommit<number, number>;

  constructor(outcomesOf: (group: readonly number[]) => readonly number[] = (group) => group.map((one) => one * 10)) {
    this.#appends = new GroupCommit<number, number>({
      commit: (group) => {
        this.log.push(`commit ${group.join(" ")}`);
        this.groups.push([...group]);
        if (group.some((one) => this.failing.has(one))) throw new Error(`cannot store ${group.join(" ")}`);
        this.stored.push(...group);
        return outcomesOf(group);
      },
      durable: async () => {
        const durable = Promise.withResolvers<undefined>();
        this.#durable.push(durable);
        await durable.promise;
      },
      afterCommit: () => this.log.push("after"),
      nextTurn: () => {
        this.log.push("turn");
        return new Promise<void>((resolve) => {
          this.#turns.push(resolve);
        });
      },
      nowMs: () => this.nowMs,
    });
  }

  /** How many commits wait to become durable; more than one would be two at a time. */
  get underWay(): number {
    return this.#durable.length;
  }

  submit(request: number): Promise<string> {
    return this.#appends.submit(request).then(
      (outcome) => {
        this.log.push(`answer ${outcome}`);
        return `${outcome}`;
      },
      (error: unknown) => {
        this.log.push(`refuse ${request}`);
        return String(error);
      },
    );
  }

  async finishCommit(): Promise<void> {
    this.#durable.shift()?.resolve(undefined);
    await settle();
  }

  async failCommit(error: Error): Promise<void> {
    this.#durable.shift()?.reject(error);
    await settle();
  }

  async takeTurn(): Promise<void> {
    this.#turns.shift()?.();
    await settle();
  }
}

describe("group commit: sharing", () => {
  test("group commit: a request to an idle object is committed at once, before anything else gets to run", () => {
    const bench = new Bench();
    void bench.submit(1);
    expect(bench.log).toEqual(["commit 1"]);
  });

  test("group commit: what arrives while a commit is under way shares the next one, in order", async () => {
    const bench = new Bench();
    const outcomes = [1, 2, 3, 4].map((request) => bench.submit(request));
    await settle();
    expect(bench.groups).toEqual([[1]]);
    await bench.finishCommit();
    expect(bench.groups).toEqual([[1], [2, 3, 4]]);
    expect(await Promise.all(outcomes)).toEqual(["10", "20", "30", "40"]);
  });

  test("group commit: writers are answered before the readers are told", async () => {
    const bench = new Bench();
    const outcome = bench.submit(1);
    await outcome;
    expect(bench.log).toEqual(["commit 1", "answer 10"]);
    await bench.finishCommit();
    expect(bench.log).toEqual(["commit 1", "answer 10", "after"]);
  });

  test("group commit: after a group with company one turn is waited, so that those on their way get in", async () => {
    const bench = new Bench();
    for (const request of [1, 2, 3]) void bench.submit(request);
    await bench.finishCommit();
    void bench.submit(4);
    await bench.finishCommit();
    expect(bench.log.at(-1)).toBe("turn");
    void bench.submit(5);
    await bench.takeTurn();
    expect(bench.groups).toEqual([[1], [2, 3], [4, 5]]);
  });

  test("group commit: company is forgotten soon, and a request to an object that is idle again does not wait", async () => {
    const bench = new Bench();
    for (const request of [1, 2, 3]) void bench.submit(request);
    await bench.finishCommit();
    await bench.finishCommit();
    bench.nowMs += 1000;
    void bench.submit(4);
    expect(bench.log.at(-1)).toBe("commit 4");
    expect(bench.log).not.toContain("turn");
  });

  test("group commit: after a lone request no turn is waited", async () => {
    const bench = new Bench();
    for (const request of [1, 2, 3]) {
      void bench.submit(request);
      await bench.finishCommit();
    }
    expect(bench.groups).toEqual([[1], [2], [3]]);
    expect(bench.log).not.toContain("turn");
  });

  test("group commit: each request has the outcome that stands in its place", async () => {
    const bench = new Bench((group) => group.map((_, i) => i));
    const first = bench.submit(9);
    const others = [7, 7, 8].map((request) => bench.submit(request));
    await bench.finishCommit();
    expect([await first, ...(await Promise.all(others))]).toEqual(["0", "0", "1", "2"]);
  });
});

describe("group commit: failures", () => {
  test("group commit: when a commit throws, its requests are committed one by one, and only the one at fault is refused", async () => {
    const bench = new Bench();
    bench.failing.add(3);
    const outcomes = [1, 2, 3, 4].map((request) => bench.submit(request));
    await bench.finishCommit();
    expect(bench.groups).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
    expect(await Promise.all(outcomes)).toEqual(["10", "20", "Error: cannot store 3", "40"]);
  });

  test("group commit: after a commit that throws the next group goes on", async () => {
    const bench = new Bench();
    bench.failing.add(1);
    const first = bench.submit(1);
    const second = bench.submit(2);
    await bench.finishCommit();
    expect(await Promise.all([first, second])).toEqual(["Error: cannot store 1", "20"]);
  });

  test("group commit: a request that has no outcome is refused rather than left waiting", async () => {
    const bench = new Bench((group) => group.slice(1));
    expect(await bench.submit(1)).toContain("fewer outcomes");
  });

  test("group commit: when a commit does not become durable, nobody who waits is left without an answer", async () => {
    const bench = new Bench();
    const first = bench.submit(1);
    const waiting = [2, 3].map((request) => bench.submit(request));
    await bench.failCommit(new Error("disk gone"));
    expect(await first).toBe("10");
    expect(await Promise.all(waiting)).toEqual(["Error: disk gone", "Error: disk gone"]);
    expect(bench.log).not.toContain("after");
  });

  test("group commit: after a commit that did not become durable the next request starts anew", async () => {
    const bench = new Bench();
    void bench.submit(1);
    await bench.failCommit(new Error("disk gone"));
    expect(await bench.submit(2)).toBe("20");
  });
});

describe("group commit: whatever happens in whatever order", () => {
  type Action = "submit" | "submit one that fails" | "finish" | "turn";
  const actions = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Action>("submit") },
      { weight: 1, arbitrary: fc.constant<Action>("submit one that fails") },
      { weight: 2, arbitrary: fc.constantFrom<Action>("finish", "turn") },
    ),
    { maxLength: 40 },
  );

  /** Takes the actions one after another, and then lets everything that is under way come to its end. */
  async function play(list: readonly Action[]) {
    const bench = new Bench();
    const outcomes: Promise<string>[] = [];
    let mostUnderWay = 0;
    for (const action of list) {
      if (action === "finish") await bench.finishCommit();
      else if (action === "turn") await bench.takeTurn();
      else {
        if (action !== "submit") bench.failing.add(outcomes.length);
        outcomes.push(bench.submit(outcomes.length));
      }
      mostUnderWay = Math.max(mostUnderWay, bench.underWay);
    }
    for (let i = 0; i <= list.length; i++) {
      await bench.takeTurn();
      await bench.finishCommit();
    }
    return { bench, outcomes, mostUnderWay };
  }

  test("group commit: every request is stored once, in the order of arrival, and one commit is under way at a time", async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const { bench, outcomes, mostUnderWay } = await play(list);
        expect(bench.stored).toEqual(
          outcomes.map((_, request) => request).filter((request) => !bench.failing.has(request)),
        );
        expect(mostUnderWay).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("group commit: every request is answered, with its own outcome or with its own failure", async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const { bench, outcomes } = await play(list);
        const answers = await Promise.all(outcomes);
        const expected = answers.map((_, one) =>
          bench.failing.has(one) ? `Error: cannot store ${one}` : `${one * 10}`,
        );
        expect(answers).toEqual(expected);
      }),
    );
  });
});
