import { usageFailure } from "../command-failure.ts";
import { DEFAULT_SERVER_URL, requireServerUrl } from "../server-address.ts";
import type { ConfigFolder } from "./config-folder.ts";
import { type Contexts, contextNamed, loadContexts, requireContext } from "./contexts.ts";
import { readDirectoryFile, type Wish } from "./directory-file.ts";

/** Who said which server is meant: the command line, the environment, the folder's file, the active context, or nobody. */
export type TargetSource = "flag" | "environment" | "file" | "context" | "default";

/** The server that a command means, and the project of it. */
export interface Target {
  /** A server, or with a path of its own the root of its streams. */
  readonly url: string;
  readonly project?: string | undefined;
  readonly source: TargetSource;
  /** Who said which project is meant. */
  readonly projectSource?: TargetSource | undefined;
  /** The context that the URL was taken from. */
  readonly context?: string | undefined;
  /**
   * Whether the user's credentials may go there. A server that only the folder's file names, and no context of the
   * user's, is somebody else's choice.
   */
  readonly isTrusted: boolean;
  /** How many contexts there are besides, where nobody said which server is meant. */
  readonly unusedContexts: number;
  /** What the command line itself says, for commands that are to lead to the same place. */
  readonly flags: Wish;
}

export interface Wishes {
  readonly flags: Wish;
  readonly environment: Wish;
  /** Where to look for the file of a folder. */
  readonly directory: string;
  readonly folder: ConfigFolder;
}

interface Level {
  readonly source: TargetSource;
  readonly wish: Wish;
}

const NAMED_BY: Readonly<Record<TargetSource, string>> = {
  flag: "--context",
  environment: "DURABLE_STREAMS_CONTEXT",
  file: "durable-streams.jsonc",
  context: "the contexts",
  default: "",
};

/** Whose URLs have not been looked at before: contexts and the folder's file are checked when they are read. */
const URL_SAID_BY: Readonly<Partial<Record<TargetSource, string>>> = {
  flag: "--url",
  environment: "DURABLE_STREAMS_URL",
};

/**
 * Flags go before the environment, that before `durable-streams.jsonc` in the folder, that before the active context,
 * and that before the default. Who names the server decides: what is said below that, of a project too, is not read
 * (but of the environment, which may complete a flag). A file that nobody needs cannot do any harm.
 */
export async function resolveTarget(wishes: Wishes): Promise<Target> {
  const { flags, environment, directory, folder } = wishes;
  if (flags.url !== undefined && flags.context !== undefined) {
    throw usageFailure("--url and --context exclude each other: a context has a URL.", "Leave out one of them.");
  }
  const levels: Level[] = [
    { source: "flag", wish: flags },
    { source: "environment", wish: environment },
  ];
  if (!levels.some(namesServer)) levels.push({ source: "file", wish: await readDirectoryFile(directory) });
  const deciding = levels.find(namesServer);
  const contexts = deciding?.wish.url === undefined ? await loadContexts(folder) : undefined;
  if (deciding !== undefined) return targetOf(levels, deciding, contexts, wishes);
  const { active } = contexts ?? {};
  const isThere = active !== undefined && contexts !== undefined && contextNamed(contexts, active) !== undefined;
  const last: Level = isThere
    ? { source: "context", wish: { context: active } }
    : { source: "default", wish: { url: DEFAULT_SERVER_URL } };
  return targetOf([...levels, last], last, contexts, wishes);
}

function namesServer({ wish }: Level): boolean {
  return wish.url !== undefined || wish.context !== undefined;
}

async function targetOf(
  levels: readonly Level[],
  deciding: Level,
  contexts: Contexts | undefined,
  { flags, folder }: Wishes,
): Promise<Target> {
  const { source, wish } = deciding;
  const context =
    wish.url === undefined && contexts !== undefined
      ? requireContext(contexts, wish.context ?? "", NAMED_BY[source])
      : undefined;
  const url = wish.url ?? context?.url ?? DEFAULT_SERVER_URL;
  const said = URL_SAID_BY[source];
  if (said !== undefined && wish.url !== undefined) requireServerUrl(wish.url, said);
  const projects = levels.map((level) => level.wish.project ?? (level === deciding ? context?.project : undefined));
  const at = projects.findIndex((project) => project !== undefined);
  const isForeign = source === "file" && wish.url !== undefined;
  return {
    url,
    project: projects[at],
    source,
    projectSource: levels[at]?.source,
    context: context === undefined ? undefined : wish.context,
    isTrusted: !isForeign || isKnown(await loadContexts(folder), url),
    unusedContexts: source === "default" ? Object.keys(contexts?.contexts ?? {}).length : 0,
    flags,
  };
}

/** The origin of a target that the user's credentials may not go to. */
export function untrustedOrigin({ isTrusted, url }: Target): string | undefined {
  return isTrusted ? undefined : new URL(url).origin;
}

function isKnown({ contexts }: Contexts, url: string): boolean {
  const { origin } = new URL(url);
  return Object.values(contexts).some((each) => URL.canParse(each.url) && new URL(each.url).origin === origin);
}
