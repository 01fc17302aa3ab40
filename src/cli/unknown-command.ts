import { distance } from "fastest-levenshtein";
import { EXIT } from "./exit-codes.ts";
import { isForTheCareful, meantCommands } from "./meant-commands.ts";
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

/** More than a third of a word is another word: "write" is not "create". `word` is what was typed of it. */
function isLikely({ name, changes }: Guess, word: string): boolean {
  return changes <= Math.min(MOST_CHANGES, Math.ceil(word.length / 3)) && !isForTheCareful(name);
}

function noSuch(asked: string, hint: string): UnknownCommandError {
  return new UnknownCommandError(`There is no command ${JSON.stringify(asked.replaceAll(":", " "))}.`, hint);
}

function didYouMean(asked: string, names: readonly string[], bin: string): UnknownCommandError {
  return noSuch(asked, `Did you mean: ${names.map((name) => `${bin} ${name.replaceAll(":", " ")}`).join(", or ")}`);
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
  const meant = meantCommands(words);
  if (meant !== undefined) return didYouMean(meant.asked.join(":"), meant.commands, bin);
  const [topic = id, command] = words;
  const isTopic = names.some((name) => name.startsWith(`${topic}:`));
  if (isTopic && command !== undefined) {
    const hint = `Its commands: ${bin} ${topic} --help`;
    return mistypedCommand(topic, command, names, bin) ?? noSuch(`${topic}:${command}`, hint);
  }
  const guess = nearest(words, names);
  if (guess !== undefined && isLikely(guess, guess.asked)) return didYouMean(guess.asked, [guess.name], bin);
  return noSuch(topic, `All commands: ${bin} --help`);
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
  return guess !== undefined && isLikely(guess, word) ? didYouMean(asked, [guess.name], bin) : undefined;
}
