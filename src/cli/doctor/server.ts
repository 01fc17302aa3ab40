import { type ClientError, isClientError } from "../../client/errors/client-error.ts";
import { isLoopback } from "../config/add-context.ts";
import { contextNamed, loadContexts } from "../config/contexts.ts";
import { type Check, failed, type Finding, needs, ok, SkippedCheck, warning } from "./check.ts";
import { clockFinding } from "./clock.ts";
import type { Server, Site } from "./site.ts";

/** Why what a server of ours says of itself is not known. */
export const NO_HEALTH = "The server does not answer as one of durable-streams.";

/** The server that commands of this folder ask. */
export function serverChecks(site: Site): readonly Check[] {
  return [
    { name: "server", look: () => server(site) },
    { name: "version", look: () => version(site) },
    { name: "clock", look: () => clock(site) },
    { name: "context", look: () => context(site) },
  ];
}

async function server(site: Site): Promise<Finding> {
  const found = await needs(site.server(), "It is not known which server is meant.");
  const { url, target } = found;
  try {
    await site.health(url);
    return ok(`${url} answers.`);
  } catch (error) {
    if (!isClientError(error)) throw error;
    if (target !== undefined && isForeign(error)) return ok(`${url} answers, and is no server of durable-streams.`);
    return silence(site, found, error.message, target === undefined ? site.options.call("logs") : undefined);
  }
}

/** A server of this machine need not run, and what was never deployed cannot answer. */
function silence(site: Site, { url, target }: Server, message: string, logs: string | undefined): Finding {
  const { call } = site.options;
  if (target === undefined) return failed(message, logs);
  if (target.source === "default") throw new SkippedCheck(`No server runs at ${url}.`, call("dev"));
  if (isLoopback(url)) return warning(message, call("dev"));
  if (target.source === "file")
    throw new SkippedCheck(`${message} Nothing is known to be deployed there.`, call("deploy"));
  return failed(message, `Check the URL, or use another server: ${call("context use NAME")}`);
}

/** Any server of the protocol may be meant, and only ours tells of its health. */
function isForeign({ status }: ClientError): boolean {
  return status !== undefined && status < 500;
}

async function version(site: Site): Promise<Finding> {
  const { url, target } = await needs(site.server(), "It is not known which server is meant.");
  const health = await needs(site.health(url), NO_HEALTH);
  const { version: own, call } = site.options;
  const main = target === undefined ? (await site.deploymentTarget()).main : undefined;
  if (health.version === own) return ok(`The server and this command line are ${own}.`);
  const detail = `The server answers in version ${health.version}, and this command line is ${own}.`;
  // Which version a Worker of one's own has is decided where it is built.
  if (main !== undefined) return ok(`${detail} It is a Worker of your own (${main}).`);
  if (target === undefined) return failed(detail, call("deploy"));
  return warning(
    detail,
    isLoopback(url) ? `Stop that server, then: ${call("dev")}` : "npm install durable-streams@latest",
  );
}

async function clock(site: Site): Promise<Finding> {
  const { url } = await needs(site.server(), "It is not known which server is meant.");
  // The first answer comes over a new connection, which takes longer.
  await needs(site.health(url), NO_HEALTH);
  const sentAtMs = Date.now();
  const answer = await site.transport.send({
    method: "GET",
    url: new URL("/v1/health", url).href,
    signal: site.options.signal,
  });
  const receivedAtMs = Date.now();
  await answer.dump();
  return clockFinding([{ date: answer.header("date"), sentAtMs, receivedAtMs }], "the server");
}

async function context(site: Site): Promise<Finding> {
  const { config, call } = site.options;
  const all = await loadContexts(config);
  const name = all.active;
  if (name === undefined) throw new SkippedCheck("No context is active.");
  const found = contextNamed(all, name);
  const others = `${call("context use NAME")}, with one of: ${call("context list")}`;
  if (found === undefined) return failed(`The active context ${name} is not among those there are.`, others);
  try {
    await site.health(found.url);
    return ok(`The active context ${name} leads to ${found.url}, which answers.`);
  } catch (error) {
    if (!isClientError(error)) throw error;
    if (isForeign(error)) {
      return ok(
        `The active context ${name} leads to ${found.url}, which answers, and is no server of durable-streams.`,
      );
    }
    const make = isLoopback(found.url) ? warning : failed;
    const detail = `The active context ${name} leads to ${found.url}: ${error.message}`;
    return make(detail, `${call("context use NAME")}, or: ${call(`context remove ${name}`)}`);
  }
}
