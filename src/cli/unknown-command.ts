import { distance } from "fastest-levenshtein";
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

interface Guess {
  readonly asked: string;
  readonly name: string;
  readonly changes: number;
}

/** The command nearest to what was typed; of "raed orders" it may be only the first word that names it. */
function nearest(words: readonly string[], names: readonly string[]): Guess | undefined {
  const guesses = words.flatMap((_word, i) => {
    const asked = words.slice(0, i + 1).join(":");
    return names.map((name) => ({ asked, name, changes: distance(asked, name) }));
  });
  return guesses.sort((left, right) => left.changes - right.changes)[0];
}

/** `id` and `names` have colons between topics, as oclif keeps them. */
export function unknownCommand(id: string, names: readonly string[], bin: string): UnknownCommandError {
  const words = id.split(":");
  const guess = nearest(words, names);
  const isLikely = guess !== undefined && guess.changes <= Math.min(MOST_CHANGES, Math.ceil(guess.asked.length / 2));
  const asked = (isLikely ? guess.asked : (words[0] ?? id)).replaceAll(":", " ");
  return new UnknownCommandError(
    `There is no command ${JSON.stringify(asked)}.`,
    isLikely ? `Did you mean: ${bin} ${guess.name.replaceAll(":", " ")}` : `All commands: ${bin} --help`,
  );
}
