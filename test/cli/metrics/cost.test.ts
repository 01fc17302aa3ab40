import { describe, expect, it } from "vitest";
import { costOf, type Cost } from "../../../src/cli/metrics/cost.ts";
import { costText } from "../../../src/cli/metrics/cost-text.ts";
import type { OperationRow } from "../../../src/cli/metrics/operation-row.ts";

const MILLION = 1_000_000;

function row(operation: string, requests: number, more: Partial<OperationRow> = {}): OperationRow {
  const nothing = { clientErrors: 0, serverErrors: 0, bytesIn: 0, bytesOut: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
  return { operation, requests, ...nothing, ...more };
}

function counts({ items }: Cost): Record<string, number> {
  return Object.fromEntries(items.map(({ unit, count }) => [unit, count]));
}

describe("metrics --cost", () => {
  it("a million appends cost two million rows written, a million read, and a million requests", () => {
    const cost = costOf([row("append", MILLION)]);
    expect(counts(cost)).toEqual({
      "rows written": 2 * MILLION,
      "rows read": MILLION,
      "object requests": MILLION,
    });
    expect(cost.totalUsd).toBeCloseTo(2 + 0.001 + 0.15);
  });

  it("what is refused writes nothing, and asks the object at most once", () => {
    const refused = row("append", 10, { clientErrors: 3, serverErrors: 1 });
    expect(counts(costOf([refused]))).toMatchObject({ "rows written": 12, "rows read": 6, "object requests": 10 });
  });

  it("kinds add up, projects too, and a read that needed the bucket is a read of the bucket", () => {
    const cost = costOf([
      row("create", 2, { project: "a" }),
      row("create", 1, { project: "b" }),
      row("read", 5, { fromBucket: 4 }),
    ]);
    expect(counts(cost)).toEqual({
      "rows written": 12,
      "rows read": 9,
      "object requests": 8,
      "R2 reads (class B)": 4,
    });
    expect(cost.estimated).toEqual(["create", "read"]);
  });

  it("where nobody counted what the bucket was asked, that is not none", () => {
    expect(costOf([row("read", 5)]).notCounted).toContainEqual(expect.objectContaining({ unit: "R2 reads (class B)" }));
    const counted = costOf([row("read", 5, { fromBucket: 0 })]);
    expect(counts(counted)["R2 reads (class B)"]).toBe(0);
    expect(counted.notCounted).not.toContainEqual(expect.objectContaining({ unit: "R2 reads (class B)" }));
  });

  it("a kind that no test has numbers for is named and not guessed, whatever it is called", () => {
    const cost = costOf([row("operator", MILLION), row("constructor", MILLION)]);
    expect(cost.totalUsd).toBe(0);
    expect(cost.notEstimated).toEqual(["operator", "constructor"]);
  });

  it("people are told the date of the prices, what is left out, and that nothing included is subtracted", () => {
    const text = costText(costOf([row("append", 1000), row("operator", 1)]));
    expect(text).toMatch(/^rows written +2000 +\$1\.00 per million +0\.002000$/m);
    expect(text).toContain("prices of 2026-10. What a plan includes is not subtracted.");
    expect(text).toContain("Not in it: operator.");
    expect(text).toContain("GB-seconds of objects awake ($12.50 per million), GB-month stored in objects ($0.20 each)");
  });
});
