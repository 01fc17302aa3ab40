/** Other words for topics. */
const TOPIC_WORDS: Readonly<Record<string, string>> = {
  contexts: "context",
  project: "projects",
  subscription: "subscriptions",
  tokens: "token",
  stream: "streams",
};

/**
 * Words that people bring along from elsewhere, and the commands that do what they say. What stands here is meant, not
 * alike: it may name commands that destroy.
 */
export const MEANT: Readonly<Record<string, readonly [string, ...string[]]>> = {
  write: ["append"],
  send: ["append"],
  publish: ["append"],
  put: ["append"],
  post: ["append"],
  produce: ["append"],
  get: ["read"],
  cat: ["read"],
  consume: ["read"],
  watch: ["tail", "list --watch"],
  follow: ["tail", "list --watch"],
  subscribe: ["tail", "list --watch"],
  ls: ["list"],
  rm: ["delete"],
  remove: ["delete"],
  new: ["create"],
  add: ["create"],
  info: ["describe"],
  show: ["describe"],
  start: ["dev"],
  serve: ["dev"],
  login: ["context add"],
  logout: ["context remove"],
  streams: ["list"],
  "streams ls": ["list"],
  "streams list": ["list"],
  "streams new": ["create"],
  "streams add": ["create"],
  "streams create": ["create"],
  "streams show": ["describe"],
  "streams rm": ["delete"],
  "streams remove": ["delete"],
  "streams delete": ["delete"],
  "projects new": ["create-project"],
  "projects add": ["create-project"],
  "projects create": ["create-project"],
  "projects ls": ["projects list"],
  "projects rm": ["projects delete"],
  "projects remove": ["projects delete"],
  "projects rotate-key": ["projects rotate"],
  "subscriptions new": ["subscriptions create"],
  "subscriptions ls": ["subscriptions list"],
  "subscriptions rm": ["subscriptions delete"],
  "subscriptions rotate": ["subscriptions rotate-key"],
  "context new": ["context add"],
  "context create": ["context add"],
  "context switch": ["context use"],
  "context ls": ["context list"],
  "context rm": ["context remove"],
  "context delete": ["context remove"],
  "token new": ["mint-token"],
  "token create": ["mint-token"],
  "token mint": ["mint-token"],
  "token show": ["token inspect"],
};

/**
 * Commands that destroy something or change a key, by oclif's names. To be like one of them is not enough to be sent to
 * it: who takes up a suggestion does not always look.
 */
const NEVER_BY_LIKENESS: ReadonlySet<string> = new Set([
  "context:remove",
  "delete",
  "destroy",
  "projects:delete",
  "projects:rotate",
  "rollback",
  "subscriptions:delete",
  "subscriptions:remove",
  "subscriptions:rotate-key",
]);

export function isForTheCareful(name: string): boolean {
  return NEVER_BY_LIKENESS.has(name);
}

/** Of words that are no command: how many of them say what was meant, and the commands that do it. */
interface Meant {
  readonly asked: readonly string[];
  readonly commands: readonly string[];
}

export function meantCommands([first = "", ...others]: readonly string[]): Meant | undefined {
  const words = [ownEntry(TOPIC_WORDS, first) ?? first, ...others];
  for (const count of [2, 1]) {
    const commands = words.length < count ? undefined : ownEntry(MEANT, words.slice(0, count).join(" "));
    if (commands !== undefined) return { asked: [first, ...others].slice(0, count), commands };
  }
  return undefined;
}

/** What somebody typed may be `constructor`. */
function ownEntry<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
