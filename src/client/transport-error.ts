import { AnswerTimeoutError } from "./errors/answer-timeout-error.ts";
import type { ClientError } from "./errors/client-error.ts";
import { ConnectionError } from "./errors/connection-error.ts";

const TIMEOUTS: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: "did not accept a connection in time",
  ETIMEDOUT: "did not accept a connection in time",
  UND_ERR_HEADERS_TIMEOUT: "did not answer in time",
  UND_ERR_BODY_TIMEOUT: "stopped in the middle of an answer",
};

const REASONS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  UND_ERR_SOCKET: "the connection was closed before the answer was complete",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the host's name could not be looked up",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

/** Two addresses of one host fail as one AggregateError; the first of them says what is the matter. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** What undici or the system threw, as an error of the client. */
export function toTransportError(error: unknown, url: string): ClientError {
  const code = codeOf(error) ?? "CONNECTION_FAILED";
  const { origin } = new URL(url);
  const timeout = TIMEOUTS[code];
  if (timeout !== undefined) {
    return new AnswerTimeoutError(
      { url, code: "TIMEOUT", message: `${origin} ${timeout} (${code}).` },
      { cause: error },
    );
  }
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new ConnectionError(
    { url, code: "CONNECTION_FAILED", message: `No answer from ${origin}: ${reason} (${code}).` },
    { cause: error },
  );
}
