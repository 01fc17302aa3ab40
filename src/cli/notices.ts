import { visibleText } from "../client/visible-text.ts";
import type { ErrorReport } from "./report.ts";

/** How much is said on stderr beside errors. */
export type Verbosity = "quiet" | "normal" | "verbose";

/** Whether colour belongs on stderr: a terminal that has not asked for none (no-color.org). */
function colourWanted(): boolean {
  return process.stderr.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

function red(text: string): string {
  return colourWanted() ? `\u001b[31m${text}\u001b[39m` : text;
}

/** Everything a command says that is not data. It all goes to stderr, and nothing in it can command the terminal. */
export class Notices {
  readonly #verbosity: Verbosity;

  constructor(verbosity: Verbosity) {
    this.#verbosity = verbosity;
  }

  /** Something the person should know. `--quiet` hides it. */
  note(text: string): void {
    if (this.#verbosity !== "quiet") process.stderr.write(`${visibleText(text)}\n`);
  }

  /** Something only `--verbose` shows. */
  detail(text: string): void {
    if (this.#verbosity === "verbose") process.stderr.write(`${visibleText(text)}\n`);
  }

  /** Something is wrong but work goes on. Not hidden by `--quiet`: it may explain missing output. */
  warning(text: string): void {
    process.stderr.write(`Warning: ${visibleText(text)}\n`);
  }

  /** What went wrong and what to do; the stack only of what nobody foresaw, and only on request. */
  failure(report: ErrorReport, error: unknown): void {
    // Who answered no got what they wanted.
    const label = report.code === "NOT_CONFIRMED" ? "" : `${red("Error:")} `;
    process.stderr.write(`${label}${visibleText(report.message)}\n`);
    if (report.hint !== undefined) process.stderr.write(`${visibleText(report.hint)}\n`);
    if (report.unexpected && process.env["DURABLE_STREAMS_DEBUG"] && error instanceof Error && error.stack) {
      process.stderr.write(`${error.stack}\n`);
    }
  }
}
