import { closest, distance } from "fastest-levenshtein";
import { EXIT } from "./exit-codes.ts";

/** More changes than this, and a suggestion would be a guess. */
const MOST_CHANGES = 3;

/**
 * A command that does not exist, with the one that was probably meant. It carries oclif's mark: only a failure with an
 * exit code leaves oclif's hooks.
 */
export class UnknownCommandError extends Error {
  override readonly name = "UnknownCommandError";
  readonly code = "UNKNOWN_COMMAND";
  readonly oclif = { exit: EXIT.usage };
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** `id` and `names` have colons between topics, as oclif keeps them. */
export function unknownCommand(id: string, names: readonly string[], bin: string): UnknownCommandError {
  const asked = id.replaceAll(":", " ");
  const near = names.length === 0 ? undefined : closest(id, names);
  const allowed = Math.min(MOST_CHANGES, Math.ceil(id.length / 2));
  const isLikely = near !== undefined && distance(id, near) <= allowed;
  return new UnknownCommandError(
    `There is no command ${JSON.stringify(asked)}.`,
    isLikely ? `Did you mean: ${bin} ${near.replaceAll(":", " ")}` : `All commands: ${bin} --help`,
  );
}
