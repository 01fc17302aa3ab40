import { distance } from "fastest-levenshtein";
import { EXIT } from "./exit-codes.ts";
import { shownWord } from "./usage-error.ts";

/** More changes than this, and a suggestion would be a guess. */
const MOST_CHANGES = 3;

/**
 * A command that does not exist, with the one that was probably meant. It carries oclif's mark: only a failure with an
 * exit code leaves oclif's hooks.
 */
export class UnknownCommandError extends Error {
  override readonly name = "UnknownCommandError";
  readonly code: string;
  readonly oclif = { exit: EXIT.usage };
  readonly hint: string;

  constructor(message: string, hint: string, code = "UNKNOWN_COMMAND") {
    super(message);
    this.hint = hint;
    this.code = code;
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

function isLikely({ asked, changes }: Guess): boolean {
  return changes <= Math.min(MOST_CHANGES, Math.ceil(asked.length / 2));
}

function noSuch(asked: string, hint: string): UnknownCommandError {
  return new UnknownCommandError(`There is no command ${JSON.stringify(asked.replaceAll(":", " "))}.`, hint);
}

function didYouMean({ asked, name }: Guess, bin: string): UnknownCommandError {
  return noSuch(asked, `Did you mean: ${bin} ${name.replaceAll(":", " ")}`);
}

/** Of a command that takes no arguments oclif takes the first for a part of its name. */
function surplusArgument(
  words: readonly string[],
  names: readonly string[],
  bin: string,
): UnknownCommandError | undefined {
  const known = words.findLastIndex((_word, i) => names.includes(words.slice(0, i + 1).join(":")));
  const surplus = words[known + 1];
  if (known === -1 || surplus === undefined) return undefined;
  const name = words.slice(0, known + 1).join(" ");
  const message = `${name} takes no arguments, and ${shownWord(surplus)} is one too many.`;
  return new UnknownCommandError(message, `See: ${bin} ${name} --help`, "USAGE");
}

/** `id` and `names` have colons between topics, as oclif keeps them. */
export function unknownCommand(id: string, names: readonly string[], bin: string): UnknownCommandError {
  const words = id.split(":");
  const surplus = surplusArgument(words, names, bin);
  if (surplus !== undefined) return surplus;
  const guess = nearest(words, names);
  if (guess !== undefined && isLikely(guess)) return didYouMean(guess, bin);
  return noSuch(words[0] ?? id, `All commands: ${bin} --help`);
}

/** The command below `topic` that `word` was probably meant for; `undefined` where it is like none of them. */
export function mistypedCommand(
  topic: string,
  word: string,
  names: readonly string[],
  bin: string,
): UnknownCommandError | undefined {
  const asked = `${topic}:${word}`;
  const below = names.filter((name) => name.startsWith(`${topic}:`));
  const guesses = below.map((name) => ({ asked, name, changes: distance(asked, name) }));
  const [guess] = guesses.sort((left, right) => left.changes - right.changes);
  const isNear = guess !== undefined && guess.changes <= Math.min(MOST_CHANGES, Math.ceil(word.length / 2));
  return isNear ? didYouMean(guess, bin) : undefined;
}
