import { LOGIN_HINT } from "./answer-error.ts";
import { CloudflareError, type CloudflareErrorDetails } from "./cloudflare-error.ts";
import { numberOf, textOf, type Fields } from "./fields.ts";

const AGAIN = "Run the command again; it goes on where it was.";
/** How Node, undici and wrangler name what becomes of a request that gets no answer, or not one of Cloudflare's API. */
const NO_ANSWER =
  /\bE(?:CONN\w+|TIMEDOUT|AI_AGAIN|NOTFOUND|PIPE|HOST\w+|NET\w+)\b|ENOTFOUND|UND_ERR|fetch failed|socket hang up|terminated|timed? ?out|malformed response/i;

interface FailedRun {
  /** Begins a sentence. */
  readonly doing: string;
  readonly code: number | null;
  readonly entries: readonly Fields[];
  /** All that it printed. */
  readonly output: string;
}

const LAST_LINES = 15;
/** Cloudflare's numbers for a login that is not accepted, or not for this. */
const NOT_ALLOWED: ReadonlySet<number> = new Set([10000, 9109, 10001, 6003, 6111]);
/** Rate limited, and the two that stand for a failure inside Cloudflare: wrangler reports no HTTP status. */
const PASSING: ReadonlySet<number> = new Set([971, 10002, 10013]);

/** Makes an error of what wrangler reported for programs; what it printed for people is shown, never read. */
export function wranglerFailure({ doing, code, entries, output }: FailedRun): CloudflareError {
  const failed = entries.find((entry) => entry["type"] === "command-failed");
  const number = numberOf(failed?.["code"]);
  const said = textOf(failed?.["message"])?.trim();
  const how = code === null ? "wrangler was ended by a signal" : `wrangler failed with exit code ${String(code)}`;
  const message = `${doing}: ${how}${said === undefined ? "" : `: ${said.replace(/\.+$/, "")}`}.`;
  const details = judge(code, number, failed);
  const shown = lastLines(output);
  return new CloudflareError({ message, cloudflareCode: number, ...details, hint: withOutput(details.hint, shown) });
}

function judge(
  exitCode: number | null,
  number: number | undefined,
  failed: Fields | undefined,
): Pick<CloudflareErrorDetails, "kind" | "code" | "hint"> {
  if (number !== undefined && NOT_ALLOWED.has(number)) {
    return { kind: "not-allowed", code: "CLOUDFLARE_NOT_ALLOWED", hint: LOGIN_HINT };
  }
  const isAskedToWait = numberOf(failed?.["retry_after_ms"]) !== undefined;
  const isPassing = number === undefined ? isInterrupted(exitCode, failed) : PASSING.has(number);
  if (isAskedToWait || isPassing) return { kind: "unavailable", code: "WRANGLER_FAILED", hint: AGAIN };
  const hint = number === undefined ? `Correct what wrangler names below. ${AGAIN}` : AGAIN;
  return { kind: "rejected", code: "WRANGLER_FAILED", hint };
}

/** Without a number Cloudflare refused nothing: the way to it broke, wrangler was ended, or it gave up for reasons of its own. */
function isInterrupted(exitCode: number | null, failed: Fields | undefined): boolean {
  return exitCode === null || NO_ANSWER.test(`${textOf(failed?.["code"]) ?? ""} ${textOf(failed?.["message"]) ?? ""}`);
}

function withOutput(hint: string, lines: string): string {
  return lines === "" ? hint : `${hint}\nwrangler's last lines:\n${lines}`;
}

function lastLines(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-LAST_LINES)
    .map((line) => `  ${line}`)
    .join("\n");
}
