import { distance } from "fastest-levenshtein";
import { type CommandFailure, usageFailure } from "./command-failure.ts";

interface FlagShape {
  readonly char?: string | undefined;
  readonly allowNo?: boolean;
  readonly options?: readonly string[] | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
}

/** A command as its class describes it. */
export interface CommandShape {
  readonly bin: string;
  readonly id: string;
  readonly args: Readonly<Record<string, { readonly required?: boolean | undefined }>>;
  readonly flags: Readonly<Record<string, FlagShape>>;
  /** It takes more arguments than it names. */
  readonly takesMore: boolean;
  /** What was typed after the command's name. */
  readonly argv: readonly string[];
}

/** More changes than this, and a suggestion would be a guess. */
const MOST_CHANGES = 2;

function seeHelp({ bin, id }: CommandShape): string {
  return `See: ${bin} ${id} --help`;
}

/** A flag that does not exist, with the one that was probably meant. */
function unknownFlag(typed: string, shape: CommandShape): CommandFailure {
  const [word = typed] = typed.split("=");
  const flags = [...Object.keys(shape.flags), "help"].map((name) => `--${name}`);
  const guesses = flags.map((name) => ({ name, changes: distance(word, name) }));
  const [guess] = guesses.sort((left, right) => left.changes - right.changes);
  const isLikely = word.startsWith("--") && guess !== undefined && guess.changes <= MOST_CHANGES;
  const suggestion = isLikely ? ` Did you mean ${guess.name}?` : "";
  return usageFailure(`There is no flag ${word} for ${shape.id}.${suggestion}`, seeHelp(shape));
}

/** Refuses a flag that does not exist among the arguments of a command that takes any number. Behind `--` there are none. */
export function refuseFlags(given: readonly string[], shape: CommandShape): void {
  const end = shape.argv.indexOf("--");
  const behind = end === -1 ? 0 : shape.argv.length - end - 1;
  const unknown = given.slice(0, given.length - behind).find((word) => word.startsWith("-"));
  if (unknown !== undefined) throw unknownFlag(unknown, shape);
}

/** A flag as it was typed: long, unless only its letter stands on the command line. */
function spelled(name: string, { flags, argv }: CommandShape): string {
  const char = flags[name]?.char;
  const isLong = argv.some((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const isShort = char !== undefined && argv.some((word) => word.startsWith(`-${char}`));
  return !isLong && isShort ? `-${char}` : `--${name}`;
}

function argumentsOf({ args, takesMore }: CommandShape): string {
  const words = Object.entries(args).map(([name, { required }]) =>
    required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  );
  return `${words.join(" ")}${takesMore ? "..." : ""}`;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function missingArguments(missing: readonly unknown[], shape: CommandShape): string {
  const names = missing.map((arg) =>
    typeof arg === "object" && arg !== null && "name" in arg ? String(arg.name).toUpperCase() : "",
  );
  return `${shape.id} needs ${names.join(" and ")}: ${shape.bin} ${shape.id} ${argumentsOf(shape)}`;
}

/** Each pair of flags that exclude each other once, whichever of the two says so. */
function exclusions(message: string, shape: CommandShape): readonly string[] {
  const pairs = new Map<string, string>();
  for (const [, left = "", right = ""] of message.matchAll(
    /--([\w-]+)=[\s\S]*?cannot also be provided when using --([\w-]+)/g,
  )) {
    const key = [left, right].sort().join(" ");
    if (!pairs.has(key)) pairs.set(key, `${spelled(left, shape)} and ${spelled(right, shape)} exclude each other.`);
  }
  return [...pairs.values()];
}

const WRONG_NUMBER =
  /^Parsing --([\w-]+)\s+Expected an integer(?: (greater|less) than or equal to (-?\d+))? but received: ([\s\S]*)$/;

function numberSentence(message: string, shape: CommandShape): string | undefined {
  const wrong = WRONG_NUMBER.exec(message);
  if (wrong === null) return undefined;
  const [, name = "", side, bound = "", value = ""] = wrong;
  const flag = spelled(name, shape);
  if (side === undefined) return `${flag} ${JSON.stringify(value)} is not a whole number.`;
  return `${flag} ${value} is too ${side === "greater" ? `small: the least is ${bound}` : `large: the most is ${bound}`}.`;
}

function missingFlag(message: string, { id, flags }: CommandShape): string | undefined {
  const name = /Missing required flag ([\w-]+)/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const { options, helpValue } = flags[name] ?? {};
  const value = typeof helpValue === "string" ? ` ${helpValue}` : "";
  return `${id} needs --${name}${value}${options === undefined ? "" : `: one of ${options.join(", ")}`}.`;
}

/** What oclif says in sentences of its own, in ours. */
function sentenceOf(message: string, shape: CommandShape): string | undefined {
  const sentence = numberSentence(message, shape) ?? missingFlag(message, shape);
  if (sentence !== undefined) return sentence;
  const option = /^Expected --([\w-]+)=([\s\S]*) to be one of: (.*)$/.exec(message);
  if (option !== null) {
    const [, name = "", value = "", options = ""] = option;
    return `--${name} ${JSON.stringify(value)} is none of ${options}.`;
  }
  const argument = /^Expected (?!--)([\s\S]*) to be one of: (.*)$/.exec(message);
  if (argument !== null) return `${JSON.stringify(argument[1] ?? "")} is none of ${argument[2] ?? ""}.`;
  const value = /^Flag --([\w-]+) expects (?:a value|one of these values: (.*))$/.exec(message);
  if (value !== null) {
    const [, name = "", options] = value;
    return `${spelled(name, shape)} needs a value${options === undefined ? "" : `: one of ${options}`}.`;
  }
  const alone = /All of the following must be provided when using --([\w-]+): (--[\w-]+)/.exec(message);
  if (alone !== null) return `${spelled(alone[1] ?? "", shape)} goes only with ${alone[2] ?? ""}.`;
  const twice = /^Flag --([\w-]+) can only be specified once$/.exec(message);
  return twice === null ? undefined : `${spelled(twice[1] ?? "", shape)} is given more than once.`;
}

/** How secrets of ours and tokens begin. */
const CREDENTIAL = /^(?:dssk_|dsop_|eyJ)/;

/** A word of the command line, unless a log should not have it. */
export function shownWord(word: string): string {
  return CREDENTIAL.test(word) ? "what looks like a credential" : JSON.stringify(word);
}

/** oclif's complaint about a command line as one sentence of ours, on one line. */
export function usageError(error: Error, shape: CommandShape, plainMessage: string): CommandFailure {
  if ("flags" in error) {
    const [first] = stringsOf(error.flags);
    if (first !== undefined) return unknownFlag(first, shape);
  }
  if ("args" in error && Array.isArray(error.args)) {
    const [first] = stringsOf(error.args);
    if (first === undefined) return usageFailure(missingArguments(error.args, shape), seeHelp(shape));
    const takes = argumentsOf(shape);
    const rule = takes === "" ? "no arguments" : takes;
    return usageFailure(`${shape.id} takes ${rule}, and ${shownWord(first)} is one too many.`, seeHelp(shape));
  }
  const excluded = exclusions(plainMessage, shape);
  if (excluded.length > 0) return usageFailure(excluded.join(" "), seeHelp(shape));
  const sentence = sentenceOf(plainMessage, shape) ?? plainMessage.replace(/\s+/g, " ");
  return usageFailure(sentence, seeHelp(shape));
}
