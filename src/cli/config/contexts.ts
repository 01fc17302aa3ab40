import { usageFailure } from "../command-failure.ts";
import type { ConfigFolder } from "./config-folder.ts";
import { changeStore, isOptionalText, isRecord, loadStore, own, type Store, STORE_VERSION, without } from "./store.ts";

/** A server, and maybe a project of it, under a name. */
export interface Context {
  readonly url: string;
  readonly project?: string | undefined;
}

export interface Contexts {
  readonly version: number;
  /** The one that holds when nobody names another. */
  readonly active?: string | undefined;
  readonly contexts: Readonly<Record<string, Context>>;
}

const STORE: Store<Contexts> = {
  name: "contexts.json",
  empty: { version: STORE_VERSION, contexts: {} },
  isExpected: (value): value is Contexts =>
    isRecord(value) &&
    isOptionalText(value["active"]) &&
    isRecord(value["contexts"]) &&
    Object.values(value["contexts"]).every(isContext),
};

function isContext(value: unknown): value is Context {
  return isRecord(value) && typeof value["url"] === "string" && isOptionalText(value["project"]);
}

export function loadContexts(folder: ConfigFolder): Promise<Contexts> {
  return loadStore(folder, STORE);
}

/** Changes the contexts while no other command can; answers them as they are then. */
export function changeContexts(folder: ConfigFolder, change: (current: Contexts) => Contexts): Promise<Contexts> {
  return changeStore(folder, STORE, change);
}

export function contextNamed({ contexts }: Contexts, name: string): Context | undefined {
  return own(contexts, name);
}

/** The names of those that lead to a server. `server` is any URL of it. */
export function contextsOfServer({ contexts }: Contexts, server: string): readonly string[] {
  const { origin } = new URL(server);
  return Object.entries(contexts)
    .filter(([, { url }]) => URL.canParse(url) && new URL(url).origin === origin)
    .map(([name]) => name);
}

/** The context of a name. `namedBy` says who names it, where that was not the command's own argument. */
export function requireContext(all: Contexts, name: string, namedBy?: string): Context {
  const context = contextNamed(all, requireContextName(name));
  if (context !== undefined) return context;
  const which = namedBy === undefined ? "" : `, which ${namedBy} names`;
  throw usageFailure(
    `There is no context ${JSON.stringify(name)}${which}.`,
    "Those there are: durable-streams context list",
  );
}

/** The contexts with one more, or another under its name. The first one becomes active, others when asked. */
export function withContext(all: Contexts, name: string, context: Context, activate = false): Contexts {
  const isActive = activate || all.active === undefined;
  return { ...all, ...(isActive ? { active: name } : {}), contexts: { ...all.contexts, [name]: context } };
}

/** `wanted`, or with a number where that is the name of another server's context: nobody's context is taken away. */
export function nameForServer(all: Contexts, wanted: string, url: string): string {
  const isFree = (name: string): boolean => {
    const context = contextNamed(all, name);
    return context === undefined || new URL(context.url).origin === new URL(url).origin;
  };
  let name = wanted;
  for (let number = 2; !isFree(name); number++) name = `${wanted}-${String(number)}`;
  return name;
}

/** The contexts without one; none is active when it was. */
export function withoutContext(all: Contexts, name: string): Contexts {
  const { active, ...rest } = all;
  const contexts = without(all.contexts, name);
  return active === undefined || active === name ? { ...rest, contexts } : { ...rest, active, contexts };
}

const CONTEXT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

export function isContextName(name: string): boolean {
  return CONTEXT_NAME.test(name);
}

/** Refuses what cannot name a context. */
export function requireContextName(name: string): string {
  if (isContextName(name)) return name;
  throw usageFailure(
    `${JSON.stringify(name)} is not a context's name.`,
    "It has 1 to 64 letters, digits, dots, _ and -, and begins with a letter or digit.",
  );
}
