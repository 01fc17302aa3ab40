// The words of a row: those in braces name what a run has to itself.

/** What may stand in braces, with a name for it where nothing has to be there. */
export const NAMES = {
  /** A stream with a long history, which nobody changes. */
  full: "rooms/full",
  /** One of three messages that was closed. */
  closed: "rooms/closed",
  /** A mirror of that one. */
  copy: "rooms/copy",
  /** A stream of JSON without messages. */
  open: "rooms/open",
  /** A stream that is not there yet, and one that never is. */
  new: "rooms/new",
  none: "rooms/none",
  project: "shop",
  newproject: "newshop",
  /** A pull-wake. */
  subscription: "pool",
  newid: "newpool",
  context: "saved",
  /** A folder that a stream was backed up to. */
  backup: "kept",
  token: [{ alg: "HS256", typ: "JWT" }, { sub: "default", scope: "read", exp: 4_102_444_800 }, "not signed"]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join("."),
} as const;

export type Name = keyof typeof NAMES;

/** A line of the table as words, with names in the place of braces. */
export function wordsOf(line: string, names: Readonly<Record<Name, string>> = NAMES): readonly string[] {
  const words = line.split(" ").filter((word) => word !== "");
  return words.map((word) => word.replace(/\{(\w+)\}/g, (_braces, name: Name) => names[name]));
}

/** What a line names in braces. */
export function namesIn(line: string): ReadonlySet<Name> {
  return new Set([...line.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as Name));
}
