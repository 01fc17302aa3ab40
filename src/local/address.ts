import { lookup } from "node:dns/promises";
import { createServer, isIP, isIPv4 } from "node:net";
import type { AddressInfo } from "node:net";
import { isDurableStreams } from "./first-answer.ts";
import { LocalServerError, systemErrorCode } from "./local-server-error.ts";

/** What may stand in a URL as a name without being written otherwise. */
const HOST_NAME = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/;

/** Where a server listens. */
export interface ListenHost {
  /** An IP address, as a socket binds it. */
  readonly bind: string;
  /** How a URL on this machine names it. */
  readonly inUrl: string;
  /** Who reaches it: programs of this machine only, or others as well. */
  readonly reach: "loopback" | "network";
}

/**
 * Accepts `localhost`, 127.0.0.0/8 and ::1 (brackets allowed). Nothing else, because everybody who can reach a server
 * without authorisation may read and change every stream. Names other than `localhost` are refused rather than resolved:
 * what they resolve to can change.
 */
export function parseLoopbackHost(host: string): ListenHost {
  const found = asLoopback(bareName(host));
  if (found !== undefined) return found;
  throw new LocalServerError(
    "host_not_loopback",
    `Refusing to listen on "${host}": without --auth everybody on that network could read and change every stream.`,
    "Use 127.0.0.1, ::1 or localhost, or let tokens decide who gets in: --auth.",
  );
}

/**
 * Any address or name of this machine, for a server that is guarded. A name is resolved once, and its first address is
 * what is listened on.
 */
export async function resolveHost(host: string): Promise<ListenHost> {
  const name = bareName(host);
  const loopback = asLoopback(name);
  if (loopback !== undefined) return loopback;
  // The wildcard addresses mean all of this machine's, and a URL needs one of them.
  if (name === "0.0.0.0") return { bind: name, inUrl: "127.0.0.1", reach: "network" };
  if (isIPv4(name)) return { bind: name, inUrl: name, reach: "network" };
  if (isIP(name) === 6) {
    const inUrl = new URL(`http://[${name}]`).hostname;
    return { bind: name, inUrl: inUrl === "[::]" ? "[::1]" : inUrl, reach: "network" };
  }
  return { bind: await lookUp(name, host), inUrl: name, reach: "network" };
}

function bareName(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1");
}

function asLoopback(name: string): ListenHost | undefined {
  if (name === "localhost") return { bind: "127.0.0.1", inUrl: "127.0.0.1", reach: "loopback" };
  if (isIPv4(name) && name.startsWith("127.")) return { bind: name, inUrl: name, reach: "loopback" };
  if (isIP(name) !== 6 || new URL(`http://[${name}]`).hostname !== "[::1]") return undefined;
  return { bind: "::1", inUrl: "[::1]", reach: "loopback" };
}

async function lookUp(name: string, asGiven: string): Promise<string> {
  try {
    if (!HOST_NAME.test(name)) throw new Error("it is no host name");
    return (await lookup(name)).address;
  } catch (error) {
    throw new LocalServerError(
      "host_unknown",
      `Cannot listen on "${asGiven}": ${error instanceof Error ? error.message : String(error)}.`,
      "Use an address of this machine, a name of it, or 0.0.0.0 for all its addresses.",
      { cause: error },
    );
  }
}

/**
 * The values of the Host header that mean this server; any other is somebody else's name pointed at it. Undefined, and so
 * any, for a server that others reach: how they name this machine cannot be known here, and such a server is guarded, so
 * that a page which has its own name pointed at it gets no further than it would without a token anywhere else.
 */
export function allowedHosts(host: ListenHost, port: number): string | undefined {
  if (host.reach === "network") return undefined;
  const names = [...new Set([host.inUrl, "127.0.0.1", "localhost", "[::1]"])];
  // A URL never shows the port 80, nor does the Host header of a request to it.
  return names.map((name) => (port === 80 ? name : `${name}:${port}`)).join(",");
}

/**
 * Makes sure that `port` can be bound, and answers it; 0 answers a free one. The port is only looked at, not kept:
 * somebody else can still take it before the runtime binds it, and the runtime then fails by itself.
 */
export async function findPort(host: ListenHost, port: number): Promise<number> {
  try {
    return await tryToListen(host, port);
  } catch (error) {
    if (systemErrorCode(error) === "EADDRINUSE") throw await portInUse(host, port, error);
    throw describePortProblem(error, host, port);
  }
}

async function tryToListen(host: ListenHost, port: number): Promise<number> {
  const probe = createServer();
  return await new Promise<number>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen({ host: host.bind, port, exclusive: true }, () => {
      // A server that listens on a TCP port has an AddressInfo; strings are for pipes only.
      const { port: found } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(found);
      });
    });
  });
}

/** Looks who is there: a server of ours can be used instead. */
export async function portInUse(host: ListenHost, port: number, cause?: unknown): Promise<LocalServerError> {
  const address = `${host.inUrl}:${port}`;
  const ours = await isDurableStreams(`http://${address}`);
  return new LocalServerError(
    "port_in_use",
    `${address} is already in use by another ${ours ? "durable-streams server" : "program"}.`,
    ours
      ? `Use that server with --url http://${address}, or choose another port with --port, or --port 0 for a free one.`
      : "Choose another port with --port, or --port 0 for a free one.",
    { cause },
  );
}

function describePortProblem(error: unknown, host: ListenHost, port: number): LocalServerError {
  const code = systemErrorCode(error);
  const reason =
    code === "EACCES"
      ? "this user may not listen on that port"
      : code === "EADDRNOTAVAIL"
        ? "this machine does not have that address"
        : String(error);
  return new LocalServerError(
    "port_not_usable",
    `Cannot listen on ${host.inUrl}:${port}: ${reason}.`,
    "Choose another port with --port (0 takes a free one) or another address with --host.",
    { cause: error },
  );
}
