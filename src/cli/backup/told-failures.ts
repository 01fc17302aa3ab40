import { shortened } from "../../client/shortened.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { reportError } from "../error-report.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { NamedFailure } from "./backup.ts";

/** A stream's failure in machine-readable output. */
export interface ToldFailure {
  readonly stream: string;
  readonly code: string;
  readonly message: string;
}

export function toldFailures(failures: readonly NamedFailure[]): readonly ToldFailure[] {
  return failures.map(({ name, error }) => {
    const { code, message } = reportError(error);
    return { stream: name, code, message };
  });
}

/** A line for people. */
export function failureLine({ name, error }: NamedFailure): string {
  const { message, hint } = reportError(error);
  return `${visibleLine(shortened(name))}: ${message}${hint === undefined ? "" : ` ${hint}`}`;
}

/** What a command exits with that some streams refused: their own code where all have the same. */
export function exitCodeOfFailures(failures: readonly NamedFailure[]): ExitCode {
  const codes = new Set(failures.map(({ error }) => reportError(error).exitCode));
  const [code, other] = codes;
  return code === undefined || other !== undefined ? EXIT.failure : code;
}
