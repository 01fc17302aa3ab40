import { visibleLine } from "../../client/visible-text.ts";
import type { CheckState } from "./check.ts";
import type { CheckResult } from "./run-checks.ts";

const STATE_WIDTH = 8;
const NAME_WIDTH = 17;
const INDENT = " ".repeat(STATE_WIDTH + NAME_WIDTH);

/** Writes checks as lines, each with what mends it below. A reason is told once: what is skipped for it later says where. */
export class ResultLines {
  /** The check that each reason was told at. */
  readonly #toldAt = new Map<string, string>();

  next({ name, state, detail, mend, fixed }: CheckResult): string {
    const start = `${state.padEnd(STATE_WIDTH)}${name.padEnd(NAME_WIDTH)}`;
    const reason = JSON.stringify([detail, mend]);
    const before = this.#toldAt.get(reason);
    if (state === "skipped" && before !== undefined) return `${start}as ${before}\n`;
    this.#toldAt.set(reason, name);
    const line = `${start}${fixed ? "mended: " : ""}${visibleLine(detail)}\n`;
    const mends = mend === undefined ? [] : mend.split("\n");
    return [line, ...mends.map((each) => `${INDENT}-> ${visibleLine(each)}\n`)].join("");
  }
}

const STATES: readonly CheckState[] = ["ok", "warning", "failed", "skipped"];

/** How many checks came to what. */
export function summaryText(results: readonly CheckResult[], fix: string): string {
  const counts = STATES.map((state) => `${String(results.filter((each) => each.state === state).length)} ${state}`);
  const fixable = results.filter((each) => each.fixable && !each.fixed).length;
  const offer = fixable === 0 ? "" : ` ${String(fixable)} can be mended at once by: ${fix}`;
  return `${counts.join(", ")}.${offer}`;
}
