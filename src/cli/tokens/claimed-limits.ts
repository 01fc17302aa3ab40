import { shortened } from "../../client/shortened.ts";
import { decodeToken, type DecodedToken } from "./decode-token.ts";

/** What a token says that it opens, as a sentence; `undefined` for what is no token of a project. */
export function claimedLimits(token: string): string | undefined {
  const claims = claimsOf(token);
  const { sub, scope, stream_id: stream, stream_prefix: prefix } = claims ?? {};
  if (typeof sub !== "string" || (scope !== "read" && scope !== "write")) return undefined;
  const limits = [
    typeof stream === "string" ? `the stream ${shown(stream)}` : undefined,
    typeof prefix === "string" ? `streams whose names begin with ${shown(prefix)}` : undefined,
  ].filter((each) => each !== undefined);
  const what = limits.length > 0 ? limits.join(", of ") : "any stream";
  return `That token allows ${scope === "write" ? "reading and writing" : "reading only"}, of ${what} in the project ${shown(sub)}.`;
}

function shown(name: string): string {
  return JSON.stringify(shortened(name));
}

function claimsOf(token: string): DecodedToken["claims"] | undefined {
  try {
    return decodeToken(token).claims;
  } catch {
    return undefined;
  }
}
