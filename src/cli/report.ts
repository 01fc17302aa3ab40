import type { ExitCode } from "./exit-codes.ts";

/** Any failure in the form in which it is shown, on stderr or as JSON. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
  /** Whether nobody foresaw this failure; its stack is then worth showing under `DURABLE_STREAMS_DEBUG`. */
  readonly unexpected: boolean;
}
