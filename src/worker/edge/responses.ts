import { NO_STORE } from "../../protocol/cache-policy.ts";
import {
  errorBody,
  errorStatus,
  isRetryable,
  protocolError,
  type ErrorCode,
  type ErrorDetails,
  type ProtocolError,
} from "../../protocol/errors.ts";
import type { Absence } from "../stream/operations.ts";

/** Headers by name; an `undefined` one is left out. */
export type HeaderFields = Record<string, string | undefined>;

const RETRY_AFTER_SECONDS = "1";

/**
 * What every answer carries (section 12.7): streams hold what strangers wrote, so a browser that is led to one must
 * neither guess its type nor run anything in it. Whose scripts may fetch it is said in `cors.ts`.
 */
const EVERY_ANSWER: Readonly<Record<string, string>> = {
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "X-Content-Type-Options": "nosniff",
};

export function respond(status: number, fields: HeaderFields, body: BodyInit | null = null): Response {
  const headers: Record<string, string> = { ...EVERY_ANSWER };
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) headers[name] = value;
  }
  return new Response(body, { status, headers });
}

/** The codes of answers to errors, for those who count them. */
const CODES = new WeakMap<Response, ErrorCode>();

/** The code of an answer to an error, or empty for any other. */
export function codeOf(response: Response): string {
  return CODES.get(response) ?? "";
}

/** The answer to an error: its status from the table, its code and sentence as JSON, and never kept by a cache. */
export function respondError(error: ProtocolError, fields: HeaderFields = {}, details: ErrorDetails = {}): Response {
  const retry: HeaderFields = isRetryable(error.code) ? { "Retry-After": RETRY_AFTER_SECONDS } : {};
  const response = respond(
    errorStatus(error.code),
    { "Content-Type": "application/json", "Cache-Control": NO_STORE, ...retry, ...fields },
    errorBody(error, details),
  );
  CODES.set(response, error.code);
  return response;
}

/** The answer to whatever is asked of a stream that is not there. */
export function respondAbsence({ kind }: Absence, what = "create it first with PUT"): Response {
  return respondError(
    kind === "gone"
      ? protocolError(
          "STREAM_GONE",
          "The stream was deleted; only its forks still read what it holds, and until they are gone the path is not free.",
        )
      : protocolError("STREAM_NOT_FOUND", `There is no stream at this URL; ${what}.`),
  );
}

export function respondMethodNotAllowed(method: string, allowed: string): Response {
  const message = `${method} means nothing here; use ${allowed.includes(",") ? `one of ${allowed}` : allowed}.`;
  return respondError(protocolError("METHOD_NOT_ALLOWED", message), { Allow: allowed });
}

/** Gives an answer that somebody else made, such as a refusal of a custom auth callback, what every answer carries. */
export function withEveryAnswer(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(EVERY_ANSWER)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", NO_STORE);
  const whole = new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  const code = CODES.get(response);
  if (code !== undefined) CODES.set(whole, code);
  return whole;
}
