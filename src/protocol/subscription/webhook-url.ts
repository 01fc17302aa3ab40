import { protocolError, quote, type ProtocolError } from "../errors.ts";
import { addressProblem } from "./addresses.ts";

/** What holds for the URLs of webhooks on this server. */
export interface WebhookRules {
  /** Whether they may be `http://localhost` and `http://127.0.0.x`: on a server on one's own machine (section 6.2). */
  readonly toLoopback: boolean;
}

/** Whether the variable `WEBHOOKS_TO_LOOPBACK` opens the loopback. */
export function webhookRules(variable: string | undefined): WebhookRules {
  return { toLoopback: variable === "allow" };
}

/**
 * The same for a request of a page of `origin`, where it is one's: only pages of this machine have its own ports called. A
 * browser lets no other page send what a webhook is to them, and every page may talk to a server that is open to everybody.
 */
export function webhookRulesFor(origin: string | null, variable: string | undefined): WebhookRules {
  const isOfThisMachine = origin === null || LOCAL_ORIGIN.test(origin);
  return { toLoopback: isOfThisMachine && webhookRules(variable).toLoopback };
}

const LOCAL_ORIGIN = /^https?:\/\/(([a-z\d-]+\.)*localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d+)?$/;

const DEVELOPMENT_HOST = /^(localhost|127\.0\.0\.\d{1,3})$/;

/** Names that mean a machine, or its surroundings, wherever they are looked up: their last labels. */
const LOCAL_SUFFIXES = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "onion",
];

/** Public names whose addresses are what the name says, or always the asking machine itself. */
const WILDCARD_NAMES = [
  "nip.io",
  "sslip.io",
  "xip.io",
  "backname.io",
  "1u.ms",
  "rbndr.us",
  "localtest.me",
  "lvh.me",
  "vcap.me",
  "fuf.me",
  "local.gd",
  "localho.st",
  "lcl.host",
  "lacolhost.com",
  "ddev.site",
  "lndo.site",
  "traefik.me",
  "metadata.goog",
];

/** Below this only HTTPS's own port; what listens there speaks something else. */
const FIRST_FREE_PORT = 1024;

/** Ports above that which browsers do not connect to either, since something else than HTTP listens there. */
const OTHER_PROTOCOLS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080, 11211,
]);

/**
 * Why nobody's webhooks may go to a URL, or `undefined` when they may (section 12.8). Judged is what the platform's own URL
 * parser makes of it, since that is where a request would go; what a name resolves to cannot be asked here, so names that
 * are known to lead inside are refused. Whoever sends has to ask again before each delivery, and must not follow redirects.
 */
export function checkWebhookUrl(text: string, { toLoopback }: WebhookRules): ProtocolError | undefined {
  const url = parseUrl(text);
  const why =
    url === undefined ? "it is no URL; write it like https://worker.example/hooks" : urlProblem(url, toLoopback);
  return why === undefined ? undefined : protocolError("WEBHOOK_URL_REJECTED", `The webhook's URL is refused: ${why}.`);
}

/** White space, control characters and backslashes mean one thing to one parser and another to the next. */
function parseUrl(text: string): URL | undefined {
  if (!/^[^\s\\\p{Cc}\p{Surrogate}]+$/u.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

const NOT_HTTPS =
  "it must begin with https://, so that nobody on the way reads or changes what it carries; only the server of `durable-streams dev` calls http:// too, and no more than this machine (http://localhost)";

function urlProblem({ protocol, username, password, hostname, port }: URL, toLoopback: boolean): string | undefined {
  if (username !== "" || password !== "") return "it has a user name or a password in it, and the webhook is signed";
  if (protocol === "http:") {
    return toLoopback && DEVELOPMENT_HOST.test(hostname) ? undefined : NOT_HTTPS;
  }
  if (protocol !== "https:") return `${NOT_HTTPS}. It begins with ${quote(protocol)}`;
  return portProblem(port) ?? hostProblem(hostname);
}

/** An empty port is HTTPS's own. */
function portProblem(port: string): string | undefined {
  if (port === "") return undefined;
  if (Number(port) >= FIRST_FREE_PORT && !OTHER_PROTOCOLS.has(Number(port))) return undefined;
  return `nothing that answers webhooks listens on the port ${port}; leave it out, or use 8443 for example`;
}

function hostProblem(hostname: string): string | undefined {
  const address = addressProblem(hostname);
  if (address !== undefined) return address.problem;
  // With a dot at its end a name is the same name.
  const name = hostname.replace(/\.$/, "");
  const labels = name.split(".");
  if (labels.length < 2) return `${quote(hostname)} is a name of a local network; use one that everybody can look up`;
  if (labels.includes("")) return `${quote(hostname)} is no name of a host`;
  const suffix = [...LOCAL_SUFFIXES, ...WILDCARD_NAMES].find((end) => name === end || name.endsWith(`.${end}`));
  return suffix === undefined
    ? undefined
    : `names below ${quote(suffix)} can lead to the server's own network; use another one`;
}
