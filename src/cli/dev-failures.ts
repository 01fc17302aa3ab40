import { LocalServerError } from "../local/local-server-error.ts";
import type { RuntimeDeath } from "../local/options.ts";
import { CommandFailure, usageFailure } from "./command-failure.ts";
import { EXIT } from "./exit-codes.ts";

const USAGE_CODES: readonly string[] = [
  "host_not_loopback",
  "host_unknown",
  "variable_reserved",
  "folder_is_file",
  "folder_guarded",
];

/** Somebody else is there already. */
const TAKEN_CODES: readonly string[] = ["folder_in_use", "port_in_use"];

/** A server that did not start, as a failure of the command; anything else stays what it is. */
export function devFailure(error: unknown): unknown {
  if (!(error instanceof LocalServerError)) return error;
  if (USAGE_CODES.includes(error.code)) return usageFailure(error.problem, error.remedy);
  const details = { code: error.code.toUpperCase(), message: error.problem, hint: error.remedy };
  const exitCode = TAKEN_CODES.includes(error.code)
    ? EXIT.conflict
    : error.code === "folder_not_usable"
      ? EXIT.usage
      : EXIT.failure;
  return new CommandFailure({ ...details, exitCode }, { cause: error });
}

/**
 * The runtime is not started again in its place: that would hide from a developer the very failure that is worth
 * seeing, and a runtime that dies at every start would be started for ever. A supervisor can start `dev` again.
 */
export function runtimeDied({ exitCode, signal, tooManyFiles }: RuntimeDeath, persistDir: string): CommandFailure {
  if (tooManyFiles) {
    return new CommandFailure({
      code: "RUNTIME_DIED",
      message:
        "The runtime (workerd) was ended by too many open files: each connection and each stream in use takes some.",
      hint: `What it acknowledged is safe in ${persistDir}. Allow more in this terminal with "ulimit -n 65536" ("ulimit -n" shows the present limit), then start the same command again.`,
    });
  }
  const how = signal === null ? `with exit code ${exitCode ?? "unknown"}` : `by ${signal}`;
  return new CommandFailure({
    code: "RUNTIME_DIED",
    message: `The runtime (workerd) was ended ${how}, and nobody had asked it to stop.`,
    hint: `What it acknowledged is safe in ${persistDir}. Start the same command again to go on; if the machine is short of memory, that may be why.`,
  });
}
