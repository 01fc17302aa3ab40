import { AccessDeniedError } from "../../client/errors/access-denied-error.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { operatorToken } from "../deploy/deployed-server.ts";
import { operatorHealth } from "../../client/health.ts";
import { keyId } from "../../protocol/secret.ts";
import { CLOSED_TO_ALL } from "../denied-access.ts";
import { type Check, failed, type Finding, needs, ok, SkippedCheck } from "./check.ts";
import { NO_HEALTH } from "./server.ts";
import { newTransport, type Server, type Site } from "./site.ts";

/** Whether the server has an operator secret, whether it is held here, and whether it is the same. */
export function operatorSecretCheck(site: Site): Check {
  return { name: "operator-secret", look: () => operatorSecret(site) };
}

async function operatorSecret(site: Site): Promise<Finding> {
  const server = await needs(site.server(), "It is not known which server is meant.");
  const { call, config } = site.options;
  const rotate = call("deploy --rotate-operator-secret");
  if (server.target === undefined && !(await hasSecret(site))) {
    return failed(`The Worker has no ${BINDING.operatorSecret}.`, call("deploy"));
  }
  const { value, isSaved } = await site.operatorSecret(server);
  if (value === undefined) {
    if (server.target !== undefined) throw new SkippedCheck(`No operator secret is held for ${server.url}.`);
    const detail = `The Worker has an operator secret, and it is not held here: ${config.path} has none for ${server.url}.`;
    return failed(detail, `Give it by DURABLE_STREAMS_OPERATOR_SECRET, or put another in its place by: ${rotate}`);
  }
  const where = isSaved ? `saved in ${config.path}` : "given by DURABLE_STREAMS_OPERATOR_SECRET";
  return tried(site, server, value, `The operator secret (key ${await keyId(value)}), ${where},`, rotate);
}

async function hasSecret(site: Site): Promise<boolean> {
  const { version } = await site.deployed();
  return version.bindings.some(({ name, type }) => name === BINDING.operatorSecret && type === "secret_text");
}

/** `which` begins a sentence. */
async function tried(site: Site, server: Server, secret: string, which: string, rotate: string): Promise<Finding> {
  const { url, target } = server;
  await needs(site.health(url), NO_HEALTH);
  const transport = newTransport(site.options, await operatorToken(secret, url));
  try {
    await operatorHealth(transport, url, site.options.signal);
    return ok(`${which} is taken by ${url}.`);
  } catch (error) {
    if (!(error instanceof AccessDeniedError)) throw error;
    if (error.code === CLOSED_TO_ALL && target !== undefined) throw new SkippedCheck(withoutSecret(url));
    const said = `${which} is refused: ${error.reason ?? error.message}`;
    // A token that is not valid at this time says nothing of the secret.
    if (OF_TIME.has(error.code)) return failed(said, "Set the clock of this machine: see the check clock.");
    return failed(said, target === undefined ? rotate : `Give the right one by DURABLE_STREAMS_OPERATOR_SECRET.`);
  } finally {
    await transport.close();
  }
}

/** Such as one that runs on this machine where another had a secret before. */
function withoutSecret(url: string): string {
  return `The server at ${url} has no operator secret (dev has one with --auth only), so the one held here cannot be tried.`;
}

const OF_TIME: ReadonlySet<string> = new Set(["TOKEN_EXPIRED", "TOKEN_NOT_YET_VALID", "TOKEN_LIFETIME"]);
