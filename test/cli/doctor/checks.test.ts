// How checks are run, whatever they look at, and what the clock of an answer tells.
import { describe, expect, it } from "vitest";
import { type Check, needs, ok, SkippedCheck } from "../../../src/cli/doctor/check.ts";
import { clockFinding, clockSkewMs } from "../../../src/cli/doctor/clock.ts";
import { type CheckResult, runChecks } from "../../../src/cli/doctor/run-checks.ts";
import { isAtLeast } from "../../../src/cli/doctor/tools.ts";

async function run(
  checks: readonly Check[],
  options: { fix?: boolean; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const { fix = false, signal = new AbortController().signal, timeoutMs = 60_000 } = options;
  const told: CheckResult[] = [];
  const onResult = async (result: CheckResult) => {
    told.push(result);
  };
  const results = await runChecks(checks, { fix, signal, timeoutMs, onResult });
  expect(told).toEqual(results);
  return results.map(({ name, state, detail }) => ({ name, state, detail }));
}

const never = () => new Promise<never>(() => undefined);

describe("checks", () => {
  it("one that throws has failed with its error, and the others are made all the same", async () => {
    const broken = async () => {
      throw new TypeError("x is not a function");
    };
    const results = await run([
      { name: "broken", look: broken },
      { name: "fine", look: async () => ok("Well.") },
    ]);
    expect(results).toEqual([
      { name: "broken", state: "failed", detail: "x is not a function" },
      { name: "fine", state: "ok", detail: "Well." },
    ]);
  });

  it("one that hangs is given up after its time, and says so", async () => {
    const results = await run([{ name: "hangs", look: never }], { timeoutMs: 20 });
    expect(results).toMatchObject([{ state: "failed", detail: expect.stringContaining("0.02 s") as unknown }]);
  });

  it("what a failed one was needed for is skipped, with the reason", async () => {
    const fact = Promise.reject(new Error("refused"));
    const results = await run([
      { name: "fact", look: () => fact },
      { name: "other", look: () => needs(fact, "Nobody is logged in.") },
      { name: "third", look: () => needs(Promise.reject(new SkippedCheck("Not here.")), "No.") },
    ]);
    expect(results.slice(1)).toEqual([
      { name: "other", state: "skipped", detail: "Nobody is logged in." },
      { name: "third", state: "skipped", detail: "Not here." },
    ]);
  });

  it("are told in their order, each as soon as those before it are there", async () => {
    const order: string[] = [];
    let finishFirst: (() => void) | undefined;
    const first = new Promise<void>((resolve) => (finishFirst = resolve));
    const checks: Check[] = [
      { name: "first", look: () => first.then(() => ok("1")) },
      {
        name: "second",
        look: async () => {
          order.push("second looked");
          finishFirst?.();
          return ok("2");
        },
      },
    ];
    const onResult = async ({ name }: CheckResult) => void order.push(name);
    await runChecks(checks, { fix: false, signal: new AbortController().signal, onResult });
    expect(order).toEqual(["second looked", "first", "second"]);
  });

  it("only --fix mends, and a mend that fails leaves the finding with what went wrong", async () => {
    const fix = async () => "Mended.";
    const fails = async () => {
      throw new Error("the disk is full");
    };
    const finding = { state: "failed", detail: "Broken." } as const;
    const checks: Check[] = [
      { name: "a", look: async () => ({ ...finding, fix }) },
      { name: "b", look: async () => ({ ...finding, fix: fails }) },
    ];
    expect((await run(checks)).map(({ state }) => state)).toEqual(["failed", "failed"]);
    expect(await run(checks, { fix: true })).toEqual([
      { name: "a", state: "ok", detail: "Mended." },
      { name: "b", state: "failed", detail: "Broken. It could not be mended: the disk is full" },
    ]);
  });

  it("end at once when they are interrupted", async () => {
    const controller = new AbortController();
    const running = run([{ name: "hangs", look: never }], { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toBe(controller.signal.reason);
  });
});

describe("the clock of an answer", () => {
  const date = "Sun, 29 Nov 2026 00:00:10 GMT";
  const saidMs = Date.parse(date);

  it("is compared with the middle of the wait, which is allowed for by half", () => {
    const asked = (aheadMs: number, tookMs: number) =>
      clockSkewMs({ date, sentAtMs: saidMs + aheadMs - tookMs / 2, receivedAtMs: saidMs + aheadMs + tookMs / 2 });
    expect(asked(0, 0)).toBeCloseTo(0);
    expect(asked(1_000, 0)).toBeCloseTo(0);
    expect(asked(8_000, 0)).toBe(7_000);
    expect(asked(-7_000, 0)).toBe(-7_000);
    expect(asked(8_000, 4_000)).toBe(5_000);
    expect(asked(8_000, 20_000)).toBeCloseTo(0);
    expect(clockSkewMs({ date: undefined, sentAtMs: 0, receivedAtMs: 0 })).toBeUndefined();
  });

  it("is a warning past 5 s and a failure past 60 s; of several answers the quickest counts", () => {
    const answer = (aheadMs: number, tookMs = 0) => ({
      date,
      sentAtMs: saidMs + aheadMs,
      receivedAtMs: saidMs + aheadMs + tookMs,
    });
    const stateOf = (...answers: Parameters<typeof clockFinding>[0]) => clockFinding(answers, "it").state;
    expect(stateOf(answer(6_000))).toBe("ok");
    expect(stateOf(answer(6_001))).toBe("warning");
    expect(stateOf(answer(-5_001))).toBe("warning");
    expect(stateOf(answer(61_000))).toBe("warning");
    expect(stateOf(answer(61_001))).toBe("failed");
    expect(stateOf(answer(-60_001))).toBe("failed");
    expect(stateOf(answer(-60_001, 10_000), answer(0))).toBe("ok");
    expect(() => stateOf()).toThrow(SkippedCheck);
  });
});

describe("a version in a range", () => {
  it.each([
    ["v22.12.0", true],
    ["v22.11.9", false],
    ["v24.0.0", true],
    ["v9.99.0", false],
  ])("%s of >=22.12: %s", (version, expected) => {
    expect(isAtLeast(version, ">=22.12")).toBe(expected);
  });
});
