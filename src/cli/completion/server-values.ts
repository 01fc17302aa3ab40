import { StreamClient } from "../../client/stream-client.ts";
import { LIST_PAGE_MAX } from "../../protocol/limits.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import type { Target } from "../config/resolve-target.ts";
import { streamRoot } from "../server-address.ts";
import { RequestTokens } from "../tokens/request-tokens.ts";
import type { Offer } from "./offers.ts";

/** Past this a key press would be felt; a server that takes longer is not waited for, unless somebody wants to. */
const ANSWER_WITHIN_MS = 300;
const LONGEST_WAIT_MS = 60_000;

function answerWithinMs(): number {
  const wanted = Number(variable("DURABLE_STREAMS_COMPLETION_MS") ?? ANSWER_WITHIN_MS);
  return wanted > 0 && wanted <= LONGEST_WAIT_MS ? wanted : ANSWER_WITHIN_MS;
}

/** The server that the line means, and what may open it. */
export interface AskedServer {
  readonly target: Target;
  readonly folder: ConfigFolder;
  /** Typed as `--token`. */
  readonly token: string | undefined;
}

/** The names of streams that begin with `prefix`: one page, by one request that is not repeated. */
export async function streamOffers(server: AskedServer, prefix: string): Promise<readonly Offer[]> {
  return withClient(server, async (client, root, signal) => {
    for await (const names of client.directory(root).names({ prefix, limit: LIST_PAGE_MAX, signal })) {
      return names.map((word) => ({ word }));
    }
    return [];
  });
}

/** The ids of the first page of subscriptions. */
export async function subscriptionOffers(server: AskedServer): Promise<readonly Offer[]> {
  return withClient(server, async (client, root, signal) => {
    for await (const page of client.subscriptions(root).list(signal)) {
      return page.map(({ id, type, pattern }) => ({
        word: id,
        about: pattern === undefined ? type : `${type} ${pattern}`,
      }));
    }
    return [];
  });
}

type Ask = (client: StreamClient, root: string, signal: AbortSignal) => Promise<readonly Offer[]>;

async function withClient({ target, folder, token }: AskedServer, ask: Ask): Promise<readonly Offer[]> {
  const signal = AbortSignal.timeout(answerWithinMs());
  const tokens = new RequestTokens({
    folder,
    token: givenToken(target, token),
    signingSecret: variable("DURABLE_STREAMS_SIGNING_SECRET"),
    operatorSecret: undefined,
    untrustedOrigin: target.isTrusted ? undefined : new URL(target.url).origin,
  });
  const client = new StreamClient({ token: tokens.provide, retry: { giveUpAfterMs: 0 } });
  try {
    return await ask(client, streamRoot(target), signal);
  } finally {
    await client.dispose();
  }
}

type GivenToken = ConstructorParameters<typeof RequestTokens>[0]["token"];

/** A token that is typed goes to no server that only a folder's file names; stdin is the terminal's. */
function givenToken({ isTrusted }: Target, typed: string | undefined): GivenToken {
  if (typed !== undefined && typed !== "-" && isTrusted) return { value: typed, from: "flag" };
  const value = variable("DURABLE_STREAMS_TOKEN");
  return value === undefined || value === "-" ? undefined : { value, from: "environment" };
}

function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}
