// Reads Vitest's JSON report with suspicion: only a test that ran and passed counts as passed.

/**
 * The parts of the report that matter here.
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { name: string, status: string, assertionResults: readonly { status: string }[] }[]} testResults
 */

/**
 * @param {Report | undefined} report  nothing when Vitest wrote none
 * @param {number} code  Vitest's exit code
 * @param {number} excluded  how many tests may be skipped: only where the project itself accounts for them
 */
export function countTests(report, code, excluded) {
  if (report === undefined) return { passed: 0, failed: 1, notes: ["Vitest wrote no report"] };
  const { numPassedTests: passed, numFailedTests, testResults } = report;
  /** @type {string[]} */
  const notes = [];
  let failed = numFailedTests;
  const complain = (/** @type {number} */ count, /** @type {string} */ note) => {
    failed += count;
    notes.push(note);
  };
  // A file can fail as a whole: in its imports, or in a hook after all its tests have passed.
  const broken = testResults.filter(({ status, assertionResults }) => {
    return status === "failed" && assertionResults.every((test) => test.status !== "failed");
  });
  for (const { name } of broken) complain(1, `failed outside of its tests: ${name}`);
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped !== excluded) complain(1, `${skipped} tests were skipped, expected ${excluded}`);
  if (passed + numFailedTests === 0) complain(1, "no test ran");
  if (code !== 0 && failed === 0) complain(1, "Vitest failed although every test passed: see its output above");
  return { passed, failed, notes };
}

/**
 * The test files that no project ran: each of them would be green for ever.
 * @param {readonly string[]} onDisk
 * @param {readonly Report[]} reports
 */
export function filesNotRun(onDisk, reports) {
  const ran = new Set(reports.flatMap(({ testResults }) => testResults.map(({ name }) => name)));
  return onDisk.filter((file) => !ran.has(file));
}
