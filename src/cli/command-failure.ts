import { EXIT, type ExitCode } from "./exit-codes.ts";

/** What a command tells the person or the script when it cannot go on. */
export interface FailureDetails {
  /** Stable, upper case with underscores: scripts match on it (`PORT_IN_USE`). */
  readonly code: string;
  /** What was wrong and with which value, as one sentence. */
  readonly message: string;
  /** What to do about it, with the command that would do it wherever there is one. */
  readonly hint?: string;
  /** Default: `EXIT.failure`. */
  readonly exitCode?: ExitCode;
}

/** A failure that the command understands. It is shown without a stack, on stderr or as one JSON object. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(details: FailureDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.code = details.code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT.failure;
  }
}

/** A wrong command line: exit code 2. */
export function usageFailure(message: string, hint?: string): CommandFailure {
  return new CommandFailure({ code: "USAGE", message, exitCode: EXIT.usage, ...(hint === undefined ? {} : { hint }) });
}
