import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";

/**
 * Refuses requests addressed to a host that is not served. Browsers connect to whatever address a page's name has at
 * the moment, so a page could have its own name point at a server on this machine; its requests still carry that name.
 *
 * @param allowed comma-separated `host` or `host:port`, or `undefined` to serve every host.
 */
export function hostError(allowed: string | undefined, url: URL): ProtocolError | undefined {
  if (allowed === undefined || allowed === "") return undefined;
  const names = allowed
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  if (names.includes(url.host) || names.includes(url.hostname)) return undefined;
  return protocolError(
    "HOST_NOT_ALLOWED",
    `This server is not ${quote(url.host)}; address it as ${names.join(" or ")}.`,
  );
}
