import { expect, test } from "vitest";
import { type Report, countTests, filesNotRun } from "../../scripts/lib/vitest-report.mjs";

interface TestFile {
  name?: string;
  status?: string;
  tests: string[];
}

/** A report as Vitest would write it about files whose tests ended so. */
function reportOf(...files: TestFile[]): Report {
  const states = files.flatMap(({ tests }) => tests);
  const count = (state: string) => states.filter((other) => other === state).length;
  return {
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    numPendingTests: count("skipped"),
    numTodoTests: count("todo"),
    testResults: files.map(({ name = "/a.test.ts", status, tests }) => ({
      name,
      status: status ?? (tests.includes("failed") ? "failed" : "passed"),
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  };
}

test("vitest report: passed and failed tests are counted as they are", () => {
  const report = reportOf({ tests: ["passed", "passed", "failed"] }, { tests: ["passed"] });
  expect(countTests(report, 1, 0)).toEqual({ passed: 3, failed: 1, notes: [] });
});

test("vitest report: a project in which no test ran has failed", () => {
  expect(countTests(reportOf(), 0, 0)).toEqual({ passed: 0, failed: 1, notes: ["no test ran"] });
});

test("vitest report: a missing report is a failure", () => {
  expect(countTests(undefined, 0, 0)).toEqual({ passed: 0, failed: 1, notes: ["Vitest wrote no report"] });
});

test("vitest report: a file that fails outside of its tests counts once", () => {
  const report = reportOf({ name: "/broken.test.ts", status: "failed", tests: ["passed"] });
  const notes = ["failed outside of its tests: /broken.test.ts"];
  expect(countTests(report, 1, 0)).toEqual({ passed: 1, failed: 1, notes });
});

test("vitest report: a skipped or planned test is a failure, unless the project accounts for exactly that many", () => {
  const report = reportOf({ tests: ["passed", "skipped", "todo"] });
  expect(countTests(report, 0, 0)).toMatchObject({ failed: 1, notes: ["2 tests were skipped, expected 0"] });
  expect(countTests(report, 0, 3)).toMatchObject({ failed: 1 });
  expect(countTests(report, 0, 2)).toEqual({ passed: 1, failed: 0, notes: [] });
});

test("vitest report: a non-zero exit with nothing else to show for it is a failure", () => {
  const notes = ["Vitest failed although every test passed: see its output above"];
  expect(countTests(reportOf({ tests: ["passed"] }), 1, 0)).toEqual({ passed: 1, failed: 1, notes });
});

test("vitest report: a test file that no project ran is found", () => {
  const reports = [reportOf({ name: "/a.test.ts", tests: ["passed"] }), reportOf({ name: "/b.test.ts", tests: [] })];
  expect(filesNotRun(["/a.test.ts", "/b.test.ts", "/c.test.ts"], reports)).toEqual(["/c.test.ts"]);
});
