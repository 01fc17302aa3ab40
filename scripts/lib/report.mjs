// What a run of checks and tests comes to, as text. Pure, so that the tests can hold it to its word.

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} ms
 * @property {readonly string[]} [notes]  why it failed, where the output above does not say it
 */

const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {Result} result */
export function resultLine({ name, passed, failed, ms, notes = [] }) {
  const verdict = failed === 0 ? "ok  " : "FAIL";
  const counts = [`${passed} passed`, ...(failed === 0 ? [] : [`${failed} failed`])].join(", ");
  const line = `${verdict} ${name.padEnd(18)} ${seconds(ms).padStart(8)}  ${counts}`;
  return [line, ...notes.map((note) => `     ${note}`)].join("\n");
}

/**
 * The last line of every run, for people and for scripts.
 * @param {readonly Result[]} results
 */
export function closingLine(results) {
  const sum = (/** @type {(result: Result) => number} */ of) =>
    results.reduce((total, result) => total + of(result), 0);
  return `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`;
}

/** @param {readonly Result[]} results */
export const anyFailed = (results) => results.length === 0 || results.some(({ failed }) => failed > 0);
