import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { toTransportError } from "./transport-error.ts";

/** How long it takes to get to a server before anything is asked of it. All times are milliseconds. */
export interface ConnectionTimes {
  /** Finding the address, and TCP. */
  readonly connectMs: number;
  /** The TLS handshake; `undefined` where the URL is plain http. */
  readonly tlsMs: number | undefined;
  /** The address that answered, as `host:port`. */
  readonly address: string;
  /** The version of TLS, such as `TLSv1.3`. */
  readonly tlsVersion: string | undefined;
}

/** Opens a connection to the server of a URL, and closes it. Throws a `ClientError`. */
export async function measureConnection(url: string, timeoutMs: number): Promise<ConnectionTimes> {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const startedMs = performance.now();
  const socket = connectTcp({ host, port: port === "" ? (isTls ? 443 : 80) : Number(port) });
  try {
    await event(socket, "connect", timeoutMs);
    const connectMs = performance.now() - startedMs;
    const address = `${socket.remoteAddress ?? host}:${String(socket.remotePort)}`;
    if (!isTls) return { connectMs, tlsMs: undefined, address, tlsVersion: undefined };
    const secureMs = performance.now();
    const secure = connectTls({ socket, ...(isAddress(host) ? {} : { servername: host }) });
    await event(secure, "secureConnect", timeoutMs);
    return { connectMs, tlsMs: performance.now() - secureMs, address, tlsVersion: secure.getProtocol() ?? undefined };
  } catch (error) {
    throw toTransportError(error, url);
  } finally {
    socket.destroy();
  }
}

/** A server name in the handshake must be a name. */
function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

function event(socket: Socket, name: "connect" | "secureConnect", timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error("no connection in time"), { code: "UND_ERR_CONNECT_TIMEOUT" }));
    }, timeoutMs);
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    socket.once(name, () => {
      settle(resolve);
    });
    socket.once("error", (error) => {
      settle(() => {
        reject(error);
      });
    });
  });
}
