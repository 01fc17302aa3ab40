import type { CommandEntry, CommandTree, FlagEntry } from "./command-tree.ts";

/** What the words before the cursor come to. */
export interface TypedLine {
  /** What the command words lead to so far: nothing, a topic, a command, or both. */
  readonly id: string;
  readonly command: CommandEntry | undefined;
  /** `help` stands before the command: nothing but a command's name follows. */
  readonly isHelp: boolean;
  /** Values of the command's arguments. */
  readonly values: readonly string[];
  /** The names of the flags, and the values of those that have one: the last of each. */
  readonly flags: ReadonlyMap<string, string>;
  /** The flag whose value comes next. */
  readonly pending: FlagEntry | undefined;
  /** `--` stands before: no flags follow. */
  readonly isPastFlags: boolean;
}

/** The flags that every command has, for a line without a command. */
function globalFlags({ commands }: CommandTree): readonly FlagEntry[] {
  const found = new Map<string, FlagEntry>();
  for (const { flags } of commands.values()) {
    for (const flag of Object.values(flags)) if (flag.helpGroup === "GLOBAL") found.set(flag.name, flag);
  }
  return [...found.values()];
}

/** The flags that may stand behind what is typed. */
export function flagsOf(tree: CommandTree, command: CommandEntry | undefined): readonly FlagEntry[] {
  const flags = command === undefined ? globalFlags(tree) : Object.values(command.flags);
  return flags.filter(({ hidden }) => hidden !== true);
}

/** Reads the words between the program's name and the word that is being typed. */
export function readLine(tree: CommandTree, words: readonly string[]): TypedLine {
  const reader = new LineReader(tree);
  for (const word of words) reader.take(word);
  return reader.line;
}

class LineReader {
  readonly #tree: CommandTree;
  #id = "";
  #isHelp = false;
  readonly #values: string[] = [];
  readonly #flags = new Map<string, string>();
  #pending: FlagEntry | undefined;
  #isPastFlags = false;

  constructor(tree: CommandTree) {
    this.#tree = tree;
  }

  get line(): TypedLine {
    return {
      id: this.#id,
      command: this.#command,
      isHelp: this.#isHelp,
      values: this.#values,
      flags: this.#flags,
      pending: this.#pending,
      isPastFlags: this.#isPastFlags,
    };
  }

  get #command(): CommandEntry | undefined {
    return this.#tree.commands.get(this.#id);
  }

  take(word: string): void {
    if (this.#pending !== undefined) {
      this.#flags.set(this.#pending.name, word);
      this.#pending = undefined;
    } else if (this.#isPastFlags || !word.startsWith("-") || word === "-") this.#takeWord(word);
    else if (word === "--") this.#isPastFlags = true;
    else this.#takeFlag(word);
  }

  #takeFlag(word: string): void {
    const [written = "", ...value] = word.split("=");
    const flag = findFlag(flagsOf(this.#tree, this.#command), written);
    if (flag === undefined) return;
    this.#flags.set(flag.name, value.join("="));
    if (flag.type === "option" && value.length === 0 && !hasValueWithin(written)) this.#pending = flag;
  }

  #takeWord(word: string): void {
    const { commands, topics } = this.#tree;
    const id = this.#id === "" ? word : `${this.#id}:${word}`;
    if (word === "help" && this.#values.length === 0 && this.#command === undefined) this.#isHelp = true;
    else if (this.#values.length === 0 && (commands.has(id) || topics.has(id))) this.#id = id;
    else this.#values.push(word);
  }
}

/** A flag by the way it is written: `--name`, `-n`, or `-nVALUE`. */
export function findFlag(flags: readonly FlagEntry[], written: string): FlagEntry | undefined {
  if (written.startsWith("--")) return flags.find(({ name }) => name === written.slice(2));
  return flags.find(({ char }) => char !== undefined && char === written[1]);
}

/** Whether a value follows the letter of a short flag at once. */
function hasValueWithin(written: string): boolean {
  return !written.startsWith("--") && written.length > 2;
}
