import { usageFailure } from "../command-failure.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { loadContexts, requireContext } from "../config/contexts.ts";
import { type Target, untrustedOrigin } from "../config/resolve-target.ts";
import { isUrl, type ServerAddress, streamRoot } from "../server-address.ts";
import { requireToken } from "../token.ts";
import { RequestTokens } from "../tokens/request-tokens.ts";

/** Where a mirror reads, or writes. */
export interface Side {
  readonly address: ServerAddress;
  /** The variable that holds its token. */
  readonly variable: string;
}

export interface SideWords {
  /** SRC or DST. */
  readonly name: string;
  readonly flag: string;
  readonly variable: string;
}

export const SOURCE: SideWords = { name: "SRC", flag: "--from-context", variable: "DURABLE_STREAMS_SRC_TOKEN" };
export const TARGET: SideWords = { name: "DST", flag: "--to-context", variable: "DURABLE_STREAMS_DST_TOKEN" };

/** The server of a side: its own context's, else that of the whole command. */
export async function sideOf(
  folder: ConfigFolder,
  words: SideWords,
  context: string | undefined,
  otherwise: ServerAddress,
): Promise<Side> {
  if (context === undefined) return { address: otherwise, variable: words.variable };
  const { url, project } = requireContext(await loadContexts(folder), context, words.flag);
  return { address: { url, project }, variable: words.variable };
}

/** Refuses a whole URL beside a context, which names a server too. */
export function requireName(words: SideWords, argument: string, context: string | undefined): void {
  if (context === undefined || !isUrl(argument)) return;
  throw twoServers(words, argument, "or give a stream's name in the place of the URL");
}

/** The URL below which a side's streams are, where they are many: of a server that the argument names, or the side's own. */
export function sideRoot(
  { address }: Side,
  words: SideWords,
  argument: string | undefined,
  hasContext: boolean,
): string {
  if (argument === undefined) return streamRoot(address);
  if (hasContext) throw twoServers(words, argument, `or ${words.name}`);
  if (isUrl(argument)) return streamRoot({ url: argument, project: undefined });
  throw usageFailure(
    `With --prefix ${words.name} is a server, and ${JSON.stringify(argument)} is no URL of one.`,
    `Name the server by its URL, or by ${words.flag} and leave ${words.name} out.`,
  );
}

function twoServers({ name, flag }: SideWords, argument: string, otherwise: string): Error {
  return usageFailure(`${name} is given twice: by ${flag}, and as ${argument}.`, `Leave out ${flag}, ${otherwise}.`);
}

/** The token that a side's variable holds. */
export function sideToken({ variable }: Side): string | undefined {
  const given = process.env[variable];
  return given === undefined || given === "" ? undefined : requireToken(given);
}

/** The tokens of a side: that of its variable, or what was saved for its server. */
export function sideTokens(
  folder: ConfigFolder,
  { variable }: Side,
  token: string | undefined,
  target: Target,
): RequestTokens {
  return new RequestTokens({
    folder,
    token: token === undefined ? undefined : { value: token, from: "environment", variable },
    signingSecret: undefined,
    operatorSecret: undefined,
    untrustedOrigin: untrustedOrigin(target),
  });
}
