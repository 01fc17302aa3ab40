import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";

/**
 * Refuses requests addressed to a host that is not served. Browsers connect to whatever address a page's name has at
 * the moment, so a page could have its own name point at a server on this machine; its requests still carry that name.
 *
 * @param allowed comma-separated `host` or `host:port`, or `undefined` to serve every host.
 */
export function hostError(allowed: string | undefined, url: URL, hostHeader: string | null): ProtocolError | undefined {
  if (allowed === undefined || allowed === "") return undefined;
  const names = allowed
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  // What is in front of the Worker may have written another URL into the request; the header is what the client said.
  const addressed = [url.host, hostHeader?.toLowerCase() ?? url.host];
  const stranger = addressed.find((host) => !names.includes(host) && !names.includes(withoutPort(host)));
  if (stranger === undefined) return undefined;
  return protocolError(
    "HOST_NOT_ALLOWED",
    `This server is not ${quote(stranger)}; address it as ${names.join(" or ")}.`,
  );
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "");
}
