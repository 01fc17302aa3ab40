import { visibleLine } from "../../client/visible-text.ts";
import type { CheckState } from "./check.ts";
import type { CheckResult } from "./run-checks.ts";

const STATE_WIDTH = 8;
const NAME_WIDTH = 17;
const INDENT = " ".repeat(STATE_WIDTH + NAME_WIDTH);

/** A check as a line, with what mends it below. */
export function resultText({ name, state, detail, mend, fixed }: CheckResult): string {
  const did = fixed ? "mended: " : "";
  const line = `${state.padEnd(STATE_WIDTH)}${name.padEnd(NAME_WIDTH)}${did}${visibleLine(detail)}\n`;
  const mends = mend === undefined ? [] : mend.split("\n");
  return [line, ...mends.map((each) => `${INDENT}-> ${visibleLine(each)}\n`)].join("");
}

const STATES: readonly CheckState[] = ["ok", "warning", "failed", "skipped"];

/** How many checks came to what. */
export function summaryText(results: readonly CheckResult[], fix: string): string {
  const counts = STATES.map((state) => `${String(results.filter((each) => each.state === state).length)} ${state}`);
  const fixable = results.filter((each) => each.fixable && !each.fixed).length;
  const offer = fixable === 0 ? "" : ` ${String(fixable)} can be mended at once by: ${fix}`;
  return `${counts.join(", ")}.${offer}`;
}
