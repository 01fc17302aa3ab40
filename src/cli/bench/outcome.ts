import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { BenchResult } from "./bench.ts";

/** A wrong delivery counts for more than an early end, and that for more than errors that may pass. */
export function exitCodeOf({ servers, interrupted }: BenchResult, interruptExitCode: ExitCode): ExitCode {
  if (servers.some(({ verification }) => !verification.ok)) return EXIT.verification;
  if (interrupted) return interruptExitCode;
  const isFaultless = servers.every(
    ({ errors, verification }) => Object.keys(errors).length === 0 && verification.unverified === 0,
  );
  return isFaultless ? EXIT.done : EXIT.retry;
}
