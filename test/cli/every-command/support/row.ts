// What the table says of a command.

/** Its exit code, and what is said of it on either stream. */
type Told = readonly [code: number, says: string];

/** Whom a command asks: what keeps it from an answer differs. */
type Asks =
  | "nobody"
  /** A server, with a token that opens streams. */
  | "streams"
  /** A server, with the token of an operator. */
  | "operator"
  /** A server, for what everybody is told. */
  | "health"
  /** Cloudflare; its rows are completed by test/deploy. */
  | "account";

/**
 * A row. Words are what is typed after the command's name; what stands in braces is made, or named, for each run, as
 * `support/room.ts` says.
 */
export interface Row {
  readonly asks: Asks;
  /** Without a word more, where no server is. */
  readonly bare: Told | "goes on";
  /** A complete command line that succeeds. */
  readonly works: string;
  /** What is given to it on stdin. */
  readonly input?: string;
  /** How it prints with `--json`: one document, or a document a line. */
  readonly json: "document" | "lines";
  /** Values that flags refuse; put behind `works`, in the place of what that says of the flag. */
  readonly refuses?: Readonly<Record<string, string>>;
  /** Flags that take every text, or what only a server judges. */
  readonly takesAnything?: readonly string[];
  /** Arguments of which the first, or the one with a slash, cannot be what it should. */
  readonly mistaken?: string;
  /** Words with a value that is wrong by itself, though only a server can tell; the value is the last of them. */
  readonly senseless?: string;
  /** Words that name what is not there: exit code 3. */
  readonly missing?: string;
  /** Words that would make it ask at a terminal, and the flag that answers instead. */
  readonly question?: readonly [words: string, flag: string];
  /** Words with which it prints more than a pipe holds, or goes on: its reader leaves after the first line. */
  readonly long?: string;
  /** It goes on until Ctrl-C: words, what it prints when it is at work, and the exit code where that is not 130. */
  readonly endless?: { readonly words: string; readonly ready: RegExp; readonly code?: number };
  /** The exit code where nothing is deployed. */
  readonly undeployed?: number;
  /** What a server answers is its data, also a refusal: only the exit code says that it is one. */
  readonly showsRefusals?: true;
}
