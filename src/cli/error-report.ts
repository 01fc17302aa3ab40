import { CloudflareError, type CloudflareErrorKind } from "../cloudflare/cloudflare-error.ts";
import { isClientError } from "../client/errors/client-error.ts";
import type { ClientErrorKind } from "../client/errors/client-error.ts";
import { CommandFailure } from "./command-failure.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { ErrorReport } from "./report.ts";
import { isFileError, reportFileError } from "./file-error.ts";

const EXIT_BY_KIND: Record<ClientErrorKind, ExitCode> = {
  "not-found": EXIT.notFound,
  "not-allowed": EXIT.notAllowed,
  conflict: EXIT.conflict,
  closed: EXIT.closed,
  rejected: EXIT.failure,
  malformed: EXIT.failure,
  damaged: EXIT.verification,
  unavailable: EXIT.retry,
};

const EXIT_BY_CLOUDFLARE_KIND: Record<CloudflareErrorKind, ExitCode> = {
  "not-found": EXIT.notFound,
  "not-allowed": EXIT.notAllowed,
  conflict: EXIT.conflict,
  rejected: EXIT.failure,
  unavailable: EXIT.retry,
  "broken-tool": EXIT.failure,
};

/** oclif's parse errors carry the exit code that they ask for. */
export function oclifExitCode(error: Error): number | undefined {
  if (!("oclif" in error) || typeof error.oclif !== "object" || error.oclif === null) return undefined;
  return "exit" in error.oclif && typeof error.oclif.exit === "number" ? error.oclif.exit : undefined;
}

const SEE_HELP = /\n*See more help with --help\s*$/;

/** The values that `oclif` prints in colour would carry escape sequences into JSON and into logs. */
// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const COLOUR = /\u001b\[[0-9;]*m/g;

const HINT = "All commands: durable-streams --help";

/** oclif's own words without its decorations. */
export function plainMessage(error: Error): string {
  return error.message.replace(SEE_HELP, "").replace(COLOUR, "").trim();
}

/** Errors of oclif, and our own in its hooks, which may know a better code and hint. */
function usageReport(error: Error): ErrorReport {
  return {
    code: "code" in error && typeof error.code === "string" ? error.code : "USAGE",
    message: plainMessage(error),
    hint: "hint" in error && typeof error.hint === "string" ? error.hint : HINT,
    exitCode: EXIT.usage,
    unexpected: false,
  };
}

/** Turns anything thrown into what is shown. Nothing but code, message and hint leaves: no flags, no stack. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CommandFailure) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode, unexpected: false };
  }
  if (isClientError(error)) {
    return {
      code: error.code,
      message: error.message,
      hint: error.explained ? undefined : error.hint,
      exitCode: EXIT_BY_KIND[error.kind],
      unexpected: false,
    };
  }
  if (error instanceof CloudflareError) {
    const { code, message, hint, kind } = error;
    return { code, message, hint, exitCode: EXIT_BY_CLOUDFLARE_KIND[kind], unexpected: false };
  }
  if (error instanceof Error && oclifExitCode(error) === EXIT.usage) return usageReport(error);
  if (isFileError(error)) return reportFileError(error);
  return {
    code: "UNEXPECTED",
    message: error instanceof Error ? error.message : String(error),
    hint: "This is a defect or a failure of the machine. DURABLE_STREAMS_DEBUG=api shows where it came from.",
    exitCode: EXIT.failure,
    unexpected: true,
  };
}
