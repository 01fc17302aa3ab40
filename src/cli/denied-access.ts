import type { ClientError } from "../client/errors/client-error.ts";
import type { Target } from "./config/resolve-target.ts";
import { EXIT } from "./exit-codes.ts";
import type { ErrorReport } from "./report.ts";
import type { CredentialUse, Origin, RequestPlace, SentWith } from "./tokens/request-tokens.ts";

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

/** A request that was not let in: what it was sent with, and the command that would mend it. */
export function deniedReport(error: ClientError, { place, use }: SentWith, surroundings: Surroundings): ErrorReport {
  const denied = { ...surroundings, place };
  return {
    code: error.code,
    message: `${error.message} ${sentWith(use, denied)}`,
    hint: remedy(error, use, denied),
    exitCode: EXIT.notAllowed,
    unexpected: false,
  };
}

function ofProject({ place }: Denied): string {
  return place.for === "stream" ? ` of the project ${JSON.stringify(place.project)}` : "";
}

function sentWith(use: CredentialUse, denied: Denied): string {
  switch (use.kind) {
    case "token":
      return `It was sent with ${TOKEN_WORDS[use.from]}${use.from === "saved" ? ofProject(denied) : ""}.`;
    case "minted":
      return use.from === "environment"
        ? `It was sent with a token signed with DURABLE_STREAMS_SIGNING_SECRET, as if that were the secret${ofProject(denied)}.`
        : `It was sent with a token signed with the saved secret${ofProject(denied)}.`;
    case "operator":
      return use.from === "environment"
        ? "It was sent with an operator's token signed with DURABLE_STREAMS_OPERATOR_SECRET."
        : "It was sent with an operator's token signed with the saved operator secret.";
    case "none":
      return use.withheld === undefined
        ? "It was sent without a token."
        : `It was sent without a token: ${use.withheld} does not go to a server that only durable-streams.jsonc names.`;
  }
}

/** `context add` for this very place, but for what it is to save. */
function addContext({ bin, server, place, target }: Denied): string {
  const project = place.for === "stream" && place.project !== "default" ? ` --project ${place.project}` : "";
  const { context } = target;
  return context === undefined
    ? `${bin} context add NAME --url ${server}${project}`
    : `${bin} context add ${context} --force --url ${server}${project}`;
}

function remedy(error: ClientError, use: CredentialUse, denied: Denied): string {
  const { bin, server, place } = denied;
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
    const scope = error.status === 403 ? " --scope write" : "";
    const project = place.for === "stream" ? place.project : "NAME";
    const mint = `Get another one, with: ${bin} mint-token --project ${project}${scope}`;
    return `See what it says with: ${bin} token inspect -\n${mint}`;
  }
  if (use.from === "environment") return "Check that the secret is that of the project, and --project.";
  return `If its key was rotated, save the one that signs now with: ${save}`;
}
