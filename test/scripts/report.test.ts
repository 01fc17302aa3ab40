import { expect, test } from "vitest";
import { anyFailed, closingLine, resultLine } from "../../scripts/lib/report.mjs";

const good = { name: "check:lint", passed: 1, failed: 0, ms: 1234 };
const bad = { name: "unit", passed: 40, failed: 2, ms: 61_000, notes: ["no test ran"] };

test("report: the closing line adds up all tests and checks", () => {
  expect(closingLine([good, bad])).toBe("41 passed, 2 failed");
});

test("report: one failure anywhere fails the run, and so does an empty run", () => {
  expect(anyFailed([good])).toBe(false);
  expect(anyFailed([good, bad])).toBe(true);
  expect(anyFailed([])).toBe(true);
});

test("report: a line names what ran, how long it took and how many passed, then why it failed", () => {
  expect(resultLine(good)).toMatch(/^ok {3}check:lint +1\.2 s {2}1 passed$/);
  expect(resultLine(bad)).toMatch(/^FAIL unit +61\.0 s {2}40 passed, 2 failed\n +no test ran$/);
});
