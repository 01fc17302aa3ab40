import type { CommandTree, FlagEntry } from "./command-tree.ts";
import { findFlag, flagsOf, readLine, type TypedLine } from "./typed-line.ts";
import { kindOfArgument, kindOfFlag, type ValueKind } from "./value-kinds.ts";

/** A word that may stand where the cursor is. */
export interface Offer {
  readonly word: string;
  /** What it is, in a few words. */
  readonly about?: string | undefined;
}

/** What may stand where the cursor is: words of the command line itself, and values from somewhere. */
export interface Offers {
  readonly words: readonly Offer[];
  readonly values: ValueKind;
  /** Stands before each value, and is typed already: `--format=`. */
  readonly before: string;
  readonly line: TypedLine;
}

const HELP: FlagEntry = { name: "help", char: "h", type: "boolean", summary: "Explain the command." };

const HELP_OF_ALL: Offer = { word: "--all", about: "Explain all commands." };

/** What to offer for the word `current` behind `words`, neither of which includes the program's name. */
export function offersFor(tree: CommandTree, words: readonly string[], current: string): Offers {
  const line = readLine(tree, words);
  const only = (values: ValueKind, before = ""): Offers => ({ words: [], values, before, line });
  if (line.pending !== undefined) return only(kindOfFlag(line.pending));
  if (current.startsWith("-") && current !== "-" && !line.isPastFlags) return flagOffers(tree, line, current);
  const offered = line.values.length === 0 ? nextWords(tree, line) : [];
  if (line.command === undefined || line.isHelp) return { ...only({ from: "nowhere" }), words: offered };
  return { ...only(argumentKind(line, line.command)), words: offered };
}

type Command = NonNullable<TypedLine["command"]>;

/** The values of the next argument; of a command that takes more, the last one's again. */
function argumentKind({ values }: TypedLine, { id, args, strict }: Command): ValueKind {
  const all = Object.values(args);
  const argument = all[values.length] ?? (strict ? undefined : all.at(-1));
  return argument === undefined ? { from: "nowhere" } : kindOfArgument(id, argument);
}

function flagOffers(tree: CommandTree, line: TypedLine, current: string): Offers {
  const nothing: Offers = { words: [], values: { from: "nowhere" }, before: "", line };
  if (line.isHelp) return line.id === "" ? { ...nothing, words: [HELP_OF_ALL] } : nothing;
  const flags = flagsOf(tree, line.command);
  const end = current.indexOf("=");
  if (end !== -1) {
    const flag = findFlag(flags, current.slice(0, end));
    return flag?.type === "option"
      ? { ...nothing, values: kindOfFlag(flag), before: current.slice(0, end + 1) }
      : nothing;
  }
  const left = [...flags, HELP].filter((flag) => mayFollow(flag, line));
  const words = left.map(({ name, summary, description }) => ({ word: `--${name}`, about: summary ?? description }));
  return { ...nothing, words };
}

/** Whether a flag is not there yet, or may be there twice, and goes with those that are. */
function mayFollow({ name, multiple, exclusive = [] }: FlagEntry, { flags }: TypedLine): boolean {
  return (multiple === true || !flags.has(name)) && !exclusive.some((other) => flags.has(other));
}

/** Commands and topics that go on from where the line is. */
function nextWords({ commands, topics }: CommandTree, { id, isHelp }: TypedLine): readonly Offer[] {
  const start = id === "" ? "" : `${id}:`;
  const found = new Map<string, string | undefined>();
  for (const [topic, about] of topics) found.set(topic, about);
  for (const [command, { summary }] of commands) found.set(command, summary);
  const below = [...found].filter(([each]) => each.startsWith(start) && !each.slice(start.length).includes(":"));
  const offered = below.map(([each, about]) => ({ word: each.slice(start.length), about }));
  const help = { word: "help", about: "Explain a command." };
  return id === "" && !isHelp ? [...offered, help] : offered;
}
