import { LOGIN_HINT } from "./answer-error.ts";
import { CloudflareError, type CloudflareErrorDetails } from "./cloudflare-error.ts";
import { numberOf, textOf, type Fields } from "./fields.ts";

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
  const details = judge(number, failed);
  const shown = lastLines(output);
  return new CloudflareError({ message, cloudflareCode: number, ...details, hint: withOutput(details.hint, shown) });
}

function judge(
  number: number | undefined,
  failed: Fields | undefined,
): Pick<CloudflareErrorDetails, "kind" | "code" | "hint"> {
  if (number !== undefined && NOT_ALLOWED.has(number)) {
    return { kind: "not-allowed", code: "CLOUDFLARE_NOT_ALLOWED", hint: LOGIN_HINT };
  }
  // Without a number nothing of Cloudflare's was refused: no answer came, or wrangler itself gave up.
  const isPassing = number === undefined || PASSING.has(number) || numberOf(failed?.["retry_after_ms"]) !== undefined;
  const kind = isPassing ? "unavailable" : "rejected";
  return { kind, code: "WRANGLER_FAILED", hint: "Run the command again; it goes on where it was." };
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
