import { asSentence } from "../client/answer-error.ts";
import { denial } from "../client/errors/access-denied-error.ts";
import type { ClientError } from "../client/errors/client-error.ts";
import type { Target } from "./config/resolve-target.ts";
import { EXIT } from "./exit-codes.ts";
import type { ErrorReport } from "./report.ts";
import { quoteForShell } from "./shell-quote.ts";
import type { Origin, RequestPlace, SentWith } from "./tokens/request-tokens.ts";

interface Surroundings {
  readonly bin: string;
  /** The server's origin. */
  readonly server: string;
  readonly target: Target;
}

type Denied = Surroundings & { readonly place: RequestPlace };

const TOKEN_WORDS: Readonly<Record<Origin, string>> = {
  flag: "the token of --token",
  environment: "the token of DURABLE_STREAMS_TOKEN",
  saved: "the saved token",
};

/** Our server has no operator API at all: no credential would do. */
export const CLOSED_TO_ALL = "OPERATOR_CLOSED";

/** A request that was not let in: what it was sent with, why that did not do, and the command that would mend it. */
export function deniedReport(
  error: ClientError,
  sent: SentWith,
  surroundings: Surroundings,
): ErrorReport & { readonly hint: string } {
  return {
    code: error.code,
    message: [verdict(error, sent, surroundings.server), reasonWords(error, sent), error.asked]
      .filter((each) => each !== undefined)
      .join(" "),
    hint: remedy(error, sent, { ...surroundings, place: sent.place }),
    exitCode: EXIT.notAllowed,
    unexpected: false,
  };
}

/** What was wrong, first of all: who is not let in has no use for a status. */
function verdict(error: ClientError, sent: SentWith, server: string): string {
  const { code, status } = error;
  const what = denial(status);
  if (code === CLOSED_TO_ALL) return `${what}.`;
  const { use } = sent;
  if (use.kind !== "none") {
    const words = credentialWords(sent);
    // What is set off by one comma needs the other.
    return `${what}: ${words}${words.includes(", ") ? "," : ""} ${status === 403 ? "does not open this" : "is not accepted"}.`;
  }
  if (use.withheld !== undefined) return `${what}: it was sent with ${credentialWords(sent)}.`;
  return `${what}: no token was sent${status === 403 ? "" : `, and ${server} asks for one`}.`;
}

/** The server's own reason, unless it is what the verdict says. */
function reasonWords({ code, reason }: ClientError, { use }: SentWith): string | undefined {
  if (reason === undefined || (code === "TOKEN_REQUIRED" && use.kind === "none")) return undefined;
  return asSentence(reason);
}

/** What a request is sent with, in words. */
export function credentialWords({ place, use }: Pick<SentWith, "place" | "use">): string {
  const ofProject = place.for === "stream" ? ` of the project ${JSON.stringify(place.project)}` : "";
  switch (use.kind) {
    case "token":
      return `${TOKEN_WORDS[use.from]}${use.from === "saved" ? ofProject : ""}`;
    case "minted":
      return use.from === "environment"
        ? `a token signed with DURABLE_STREAMS_SIGNING_SECRET, as if that were the secret${ofProject}`
        : `a token signed with the saved secret${ofProject}`;
    case "operator":
      return use.from === "environment"
        ? "an operator's token signed with DURABLE_STREAMS_OPERATOR_SECRET"
        : "an operator's token signed with the saved operator secret";
    case "none":
      return use.withheld === undefined
        ? "no token"
        : `no token: ${use.withheld} does not go to a server that only durable-streams.jsonc names`;
  }
}

/** `context add` for this very place, but for what it is to save. */
function addContext({ bin, server, place, target }: Denied): string {
  const project = place.for === "stream" && place.project !== "default" ? ` --project ${place.project}` : "";
  const { context, source, projectSource } = target;
  // A project that was named beside the context is not to take the place of the context's own.
  const isOfContext = context !== undefined && (projectSource === undefined || projectSource === source);
  return isOfContext
    ? `${bin} context add ${context} --force --url ${server}${project}`
    : `${bin} context add NAME --url ${server}${project}`;
}

/** The token that allows what was asked, and no more. */
function mintWords({ place, access }: SentWith): string {
  const scope = access === "write" ? " --scope write" : "";
  if (place.for !== "stream") return `mint-token --project NAME${scope}`;
  const stream = place.stream === undefined ? "" : ` --stream ${quoteForShell(place.stream)}`;
  return `mint-token --project ${place.project}${scope}${stream}`;
}

function remedy(error: ClientError, sent: SentWith, denied: Denied): string {
  const { use } = sent;
  const { bin, server, place } = denied;
  if (error.code === CLOSED_TO_ALL)
    return `On this machine, start it as: ${bin} dev --auth\nOn Cloudflare: ${bin} deploy`;
  const add = addContext(denied);
  if (place.for === "operator") {
    return `Only operators may do this. Save the server's operator secret with: ${add} --operator-secret - (or set DURABLE_STREAMS_OPERATOR_SECRET)`;
  }
  const save = place.for === "foreign" ? `${add} --token -` : `${add} --secret -`;
  if (use.kind === "none") {
    return use.withheld === undefined
      ? `Save what opens it with: ${save} (or set DURABLE_STREAMS_TOKEN)`
      : `If that is your server, say so with: --url ${server}, or: ${add}`;
  }
  if (use.kind === "token") {
    // What it says of itself explains why it opens nothing here, not why it is no good at all.
    const limits = error.status === 403 ? sent.limits : undefined;
    return `${limits ?? `See what it says with: ${bin} token inspect -`}\nGet another one, with: ${bin} ${mintWords(sent)}`;
  }
  if (use.from === "environment") return "Check that the secret is that of the project, and --project.";
  return `If its key was rotated, save the one that signs now with: ${save}`;
}
