import { TOKEN_LIFETIME_MAX_SECONDS } from "../../protocol/limits.ts";
import { encodeStreamPath, parseStreamPath } from "../../protocol/path.ts";
import { usageFailure } from "../command-failure.ts";
import { parseDurationSeconds, requireTimestamp } from "../duration.ts";
import type { TokenRequest } from "./mint.ts";

const DAY_SECONDS = 86_400;

/** The times of a token to be, refused where a server would refuse them. */
export function requireTimes(
  ttl: string,
  notBefore: string | undefined,
  nowSeconds: number,
): Pick<TokenRequest, "ttlSeconds" | "notBeforeSeconds"> {
  const ttlSeconds = parseDurationSeconds(ttl, "--ttl");
  if (ttlSeconds === 0) throw usageFailure(`--ttl ${ttl} makes a token that is expired at once.`, "Write it like 1h.");
  const notBeforeSeconds =
    notBefore === undefined ? undefined : Math.floor(Date.parse(requireTimestamp(notBefore, "--not-before")) / 1000);
  const endsInSeconds = Math.max(0, (notBeforeSeconds ?? 0) - nowSeconds) + ttlSeconds;
  if (endsInSeconds > TOKEN_LIFETIME_MAX_SECONDS) {
    const most = `${String(TOKEN_LIFETIME_MAX_SECONDS / DAY_SECONDS)} days`;
    const what = notBefore === undefined ? `--ttl ${ttl} is` : `--ttl ${ttl} after --not-before ${notBefore} ends`;
    throw usageFailure(
      `${what} more than ${most} from now, and no server accepts such a token.`,
      "Mint one that ends sooner, and another one then.",
    );
  }
  return { ttlSeconds, notBeforeSeconds };
}

/** Refuses a name that no stream can have: a token for it would open nothing. */
export function requireStreamName(stream: string): string {
  const read = parseStreamPath(encodeStreamPath(stream));
  if (!read.ok) throw usageFailure(read.error.message);
  return stream;
}

/** The same for what names begin with. */
export function requirePrefix(prefix: string): string {
  if (prefix === "") throw usageFailure("--prefix is empty.", "Leave it out for a token that opens every stream.");
  const read = parseStreamPath(encodeStreamPath(`${prefix}x`));
  if (!read.ok) throw usageFailure(`No stream's name begins with ${JSON.stringify(prefix)}.`, 'Write it like "ci/".');
  return prefix;
}
