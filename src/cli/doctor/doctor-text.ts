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
  /** Checks in a row that are skipped for a reason told before: one line stands for them all. */
  #alike: { readonly toldAt: string; readonly names: string[] } | undefined;

  /** What can be written now; of checks that the next may join, nothing yet. */
  next({ name, state, detail, mend, fixed }: CheckResult): string {
    const reason = JSON.stringify([detail, mend]);
    const before = this.#toldAt.get(reason);
    if (state === "skipped" && before !== undefined) {
      if (this.#alike?.toldAt === before) {
        this.#alike.names.push(name);
        return "";
      }
      const ended = this.end();
      this.#alike = { toldAt: before, names: [name] };
      return ended;
    }
    this.#toldAt.set(reason, name);
    const line = `${lineStart(state, name)}${fixed ? "mended: " : ""}${visibleLine(detail)}\n`;
    const mends = mend === undefined ? [] : mend.split("\n");
    return [this.end(), line, ...mends.map((each) => `${INDENT}-> ${visibleLine(each)}\n`)].join("");
  }

  /** What is still to be written after the last check. */
  end(): string {
    if (this.#alike === undefined) return "";
    const { toldAt, names } = this.#alike;
    this.#alike = undefined;
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return `${lineStart("skipped", only)}as ${toldAt}\n`;
    return `${lineStart("skipped", `${String(names.length)} checks`)}as ${toldAt}: ${names.join(", ")}\n`;
  }
}

function lineStart(state: CheckState, name: string): string {
  return `${state.padEnd(STATE_WIDTH)}${name.padEnd(NAME_WIDTH)}`;
}

const STATES: readonly CheckState[] = ["ok", "warning", "failed", "skipped"];

/** How many checks came to what. */
export function summaryText(results: readonly CheckResult[], fix: string): string {
  const counts = STATES.map((state) => `${String(results.filter((each) => each.state === state).length)} ${state}`);
  const fixable = results.filter((each) => each.fixable && !each.fixed).length;
  const offer = fixable === 0 ? "" : ` ${String(fixable)} can be mended at once by: ${fix}`;
  return `${counts.join(", ")}.${offer}`;
}
