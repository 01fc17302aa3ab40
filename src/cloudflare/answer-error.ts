import { CloudflareError, type CloudflareErrorDetails } from "./cloudflare-error.ts";
import { fieldsOf, listOf, numberOf, textOf } from "./fields.ts";

/** What an API call was for, to be named in the error. */
export interface Purpose {
  /** Begins a sentence: `Looking for the R2 bucket "a"`. */
  readonly doing: string;
  /** What an API token needs for it, in the words of Cloudflare's dashboard. */
  readonly permission: string;
}

interface ApiFault {
  readonly code: number | undefined;
  readonly message: string;
}

/** Cloudflare's numbers for "this is no credential". */
const BAD_CREDENTIALS: ReadonlySet<number> = new Set([1000, 6003, 6111, 9106, 9107, 10001]);
const R2_NOT_ENABLED = 10042;
const TOKENS_URL = "https://dash.cloudflare.com/profile/api-tokens";

export const LOGIN_HINT = `Run: npx wrangler login. Without a browser, such as in CI, set CLOUDFLARE_API_TOKEN to a token made at ${TOKENS_URL} from the template "Edit Cloudflare Workers".`;

function faultsOf(body: unknown): readonly ApiFault[] {
  return listOf(fieldsOf(body)["errors"]).map((error) => {
    const { code, message } = fieldsOf(error);
    return { code: numberOf(code), message: textOf(message) ?? "no reason given" };
  });
}

/** Turns an answer that is no success into an error. `body` is its JSON, or nothing if it had none. */
export function answerError(status: number, body: unknown, purpose: Purpose): CloudflareError {
  const [first] = faultsOf(body);
  const number = first?.code;
  const reason = first?.message.replace(/\.+$/, "");
  const said = reason === undefined ? "" : `: ${reason}${number === undefined ? "" : ` (code ${String(number)})`}`;
  const message = `${purpose.doing} was answered by Cloudflare with ${String(status)}${said}.`;
  return new CloudflareError({ message, status, cloudflareCode: number, ...judge(status, number, purpose) });
}

function judge(
  status: number,
  number: number | undefined,
  { permission }: Purpose,
): Pick<CloudflareErrorDetails, "kind" | "code" | "hint"> {
  if (number === R2_NOT_ENABLED) {
    return {
      kind: "not-allowed",
      code: "R2_NOT_ENABLED",
      hint: "Enable R2 for the account once at https://dash.cloudflare.com/?to=/:account/r2, then run the command again.",
    };
  }
  if (status === 401 || (status < 404 && number !== undefined && BAD_CREDENTIALS.has(number))) {
    return { kind: "not-allowed", code: "CLOUDFLARE_LOGIN_REFUSED", hint: LOGIN_HINT };
  }
  if (status === 403) {
    const hint = `Give the API token the permission "${permission}" for this account at ${TOKENS_URL}, or log in again by: npx wrangler login`;
    return { kind: "not-allowed", code: "CLOUDFLARE_NOT_ALLOWED", hint };
  }
  if (status === 404)
    return { kind: "not-found", code: "CLOUDFLARE_NOT_FOUND", hint: "Check the name and the account." };
  if (status === 409) return { kind: "conflict", code: "CLOUDFLARE_CONFLICT", hint: "Run the command again." };
  if (status === 429) {
    const hint = "Cloudflare allows 1,200 requests in five minutes: wait a little, then run the command again.";
    return { kind: "unavailable", code: "CLOUDFLARE_RATE_LIMITED", hint };
  }
  if (status >= 500) {
    const hint = "Run the command again; it goes on where it was. See also https://www.cloudflarestatus.com.";
    return { kind: "unavailable", code: "CLOUDFLARE_UNAVAILABLE", hint };
  }
  return {
    kind: "rejected",
    code: "CLOUDFLARE_REJECTED",
    hint: "DURABLE_STREAMS_DEBUG=api shows what was asked.",
  };
}

/** No answer at all: the network, a name that is not found, a time-out. `isChange`: what was asked for may have begun. */
export function noAnswerError(error: unknown, purpose: Purpose, baseUrl: string, isChange = false): CloudflareError {
  return new CloudflareError(
    {
      kind: "unavailable",
      code: "CLOUDFLARE_UNREACHABLE",
      message: `${purpose.doing} got no answer from ${baseUrl}: ${reasonOf(error)}.`,
      hint: `Check the network, then run the command again${isChange ? "; it goes on where it was" : ""}.`,
    },
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it took too long";
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
  return code ?? (cause instanceof Error ? cause.message : error.message);
}
