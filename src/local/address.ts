import { createServer, isIP, isIPv4 } from "node:net";
import type { AddressInfo } from "node:net";
import { isDurableStreams } from "./first-answer.ts";
import { LocalServerError, systemErrorCode } from "./local-server-error.ts";

/** An IP address of the loopback interface, as a socket binds it and as a URL writes it. */
export interface LoopbackHost {
  readonly bind: string;
  readonly inUrl: string;
}

/**
 * Accepts `localhost`, 127.0.0.0/8 and ::1 (brackets allowed). Nothing else, because everybody who can reach the
 * server may read and change every stream. Names other than `localhost` are refused rather than resolved: what they
 * resolve to can change.
 */
export function parseLoopbackHost(host: string): LoopbackHost {
  const name = host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1");
  if (name === "localhost") return { bind: "127.0.0.1", inUrl: "127.0.0.1" };
  if (isIPv4(name) && name.startsWith("127.")) return { bind: name, inUrl: name };
  if (isIP(name) === 6 && new URL(`http://[${name}]`).hostname === "[::1]") return { bind: "::1", inUrl: "[::1]" };
  throw new LocalServerError(
    "host_not_loopback",
    `Refusing to listen on "${host}": the local server has no authentication, so everybody on that network could read and change every stream.`,
    "Use 127.0.0.1, ::1 or localhost.",
  );
}

/** The values of the Host header that mean this server; any other is somebody else's name pointed at it. */
export function allowedHosts(host: LoopbackHost, port: number): string {
  const names = [...new Set([host.inUrl, "127.0.0.1", "localhost", "[::1]"])];
  // A URL never shows the port 80, nor does the Host header of a request to it.
  return names.map((name) => (port === 80 ? name : `${name}:${port}`)).join(",");
}

/**
 * Makes sure that `port` can be bound, and answers it; 0 answers a free one. The port is only looked at, not kept:
 * somebody else can still take it before the runtime binds it, and the runtime then fails by itself.
 */
export async function findPort(host: LoopbackHost, port: number): Promise<number> {
  try {
    return await tryToListen(host, port);
  } catch (error) {
    if (systemErrorCode(error) === "EADDRINUSE") throw await portInUse(host, port, error);
    throw describePortProblem(error, host, port);
  }
}

async function tryToListen(host: LoopbackHost, port: number): Promise<number> {
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
export async function portInUse(host: LoopbackHost, port: number, cause?: unknown): Promise<LocalServerError> {
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

function describePortProblem(error: unknown, host: LoopbackHost, port: number): LocalServerError {
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
