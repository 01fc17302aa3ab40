/**
 * Every error a client can meet, in one table: a stable code, the status it answers with, and whether the same request
 * may succeed when it is sent again. The sentence for people comes with each error, since it names the value at fault.
 */
const TABLE = {
  ROUTE_NOT_FOUND: { status: 404, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  HOST_NOT_ALLOWED: { status: 421, retryable: false },
  BINDING_MISSING: { status: 500, retryable: false },
  INVALID_VARIABLE: { status: 500, retryable: false },
  INTERNAL: { status: 500, retryable: true },
  UNAVAILABLE: { status: 503, retryable: true },

  INVALID_PATH: { status: 400, retryable: false },
  PATH_TOO_LONG: { status: 414, retryable: false },
  RESERVED_PATH: { status: 404, retryable: false },
  INVALID_PROJECT: { status: 400, retryable: false },

  INVALID_OFFSET: { status: 400, retryable: false },
  INVALID_LIMIT: { status: 400, retryable: false },
  OFFSET_BEYOND_TAIL: { status: 400, retryable: false },
  INVALID_LIVE_MODE: { status: 400, retryable: false },
  OFFSET_REQUIRED: { status: 400, retryable: false },

  INVALID_CONTENT_TYPE: { status: 400, retryable: false },
  CONTENT_TYPE_REQUIRED: { status: 400, retryable: false },
  HEADER_TOO_LONG: { status: 400, retryable: false },
  INVALID_TTL: { status: 400, retryable: false },
  INVALID_EXPIRES_AT: { status: 400, retryable: false },
  TTL_AND_EXPIRES_AT: { status: 400, retryable: false },
  INVALID_PRODUCER: { status: 400, retryable: false },
  INVALID_STREAM_SEQ: { status: 400, retryable: false },

  INVALID_FORK_SOURCE: { status: 400, retryable: false },
  INVALID_FORK_OFFSET: { status: 400, retryable: false },
  INVALID_FORK_SUB_OFFSET: { status: 400, retryable: false },
  FORK_HEADERS_ALONE: { status: 400, retryable: false },
  FORK_OFFSET_BEYOND_TAIL: { status: 400, retryable: false },
  FORK_SOURCE_NOT_FOUND: { status: 404, retryable: false },
  FORK_SOURCE_GONE: { status: 409, retryable: false },
  FORK_TOO_DEEP: { status: 409, retryable: false },
  FORK_ACROSS_PROJECTS: { status: 403, retryable: false },

  EMPTY_BODY: { status: 400, retryable: false },
  EMPTY_ARRAY: { status: 400, retryable: false },
  INVALID_JSON: { status: 400, retryable: false },
  BODY_INCOMPLETE: { status: 400, retryable: false },
  BODY_TOO_LARGE: { status: 413, retryable: false },
  TOO_MANY_MESSAGES: { status: 413, retryable: false },

  STREAM_GONE: { status: 410, retryable: false },
  PATH_HELD_BY_FORKS: { status: 409, retryable: false },
  STREAM_NOT_FOUND: { status: 404, retryable: false },
  STREAM_CONFIG_MISMATCH: { status: 409, retryable: false },
  STREAM_CLOSED: { status: 409, retryable: false },
  CONTENT_TYPE_MISMATCH: { status: 409, retryable: false },
  STREAM_SEQ_REGRESSION: { status: 409, retryable: false },
  STALE_EPOCH: { status: 403, retryable: false },
  SEQUENCE_GAP: { status: 409, retryable: false },
  EPOCH_MUST_START_AT_ZERO: { status: 400, retryable: false },

  SEGMENT_NOT_FOUND: { status: 404, retryable: false },
  SEGMENT_UNAVAILABLE: { status: 503, retryable: true },
  SEGMENT_MISSING: { status: 500, retryable: false },
  SEGMENT_CORRUPT: { status: 500, retryable: false },
  OPERATOR_CLOSED: { status: 403, retryable: false },

  TOKEN_REQUIRED: { status: 401, retryable: false },
  TOKEN_MALFORMED: { status: 401, retryable: false },
  TOKEN_ALGORITHM: { status: 401, retryable: false },
  TOKEN_KIND: { status: 401, retryable: false },
  TOKEN_KEY_UNKNOWN: { status: 401, retryable: false },
  TOKEN_SIGNATURE: { status: 401, retryable: false },
  TOKEN_CLAIMS: { status: 401, retryable: false },
  TOKEN_EXPIRED: { status: 401, retryable: false },
  TOKEN_NOT_YET_VALID: { status: 401, retryable: false },
  TOKEN_LIFETIME: { status: 401, retryable: false },
  TOKEN_PROJECT: { status: 403, retryable: false },
  TOKEN_STREAM: { status: 403, retryable: false },
  TOKEN_SCOPE: { status: 403, retryable: false },
  KEYS_UNAVAILABLE: { status: 503, retryable: true },

  PROJECT_NOT_FOUND: { status: 404, retryable: false },
  PROJECT_EXISTS: { status: 409, retryable: false },
  INVALID_PROJECT_SETTINGS: { status: 400, retryable: false },
  INVALID_SECRET: { status: 400, retryable: false },
  TOO_MANY_KEYS: { status: 409, retryable: false },
  KEY_NOT_FOUND: { status: 404, retryable: false },
  KEY_SIGNS: { status: 409, retryable: false },
  INVALID_FIELD: { status: 400, retryable: false },

  INVALID_CURSOR: { status: 400, retryable: false },
  INVALID_SUBSCRIPTION: { status: 400, retryable: false },
  WEBHOOK_URL_REJECTED: { status: 400, retryable: false },
  SUBSCRIPTION_NOT_FOUND: { status: 404, retryable: false },
  SUBSCRIPTION_ALREADY_EXISTS: { status: 409, retryable: false },
  TOO_MANY_STREAMS: { status: 409, retryable: false },
  TOO_MANY_SUBSCRIPTIONS: { status: 409, retryable: false },
  TOO_MANY_LINKS: { status: 409, retryable: false },
  TOKEN_INVALID: { status: 401, retryable: false },
  FENCED: { status: 409, retryable: false },
  ALREADY_CLAIMED: { status: 409, retryable: false },
  NO_PENDING_WORK: { status: 409, retryable: false },
  INVALID_ACK: { status: 409, retryable: false },

  RATE_LIMITED: { status: 429, retryable: true },
  TOO_MANY_READERS: { status: 429, retryable: true },
  APPEND_QUEUE_FULL: { status: 429, retryable: true },
} as const satisfies Record<string, { readonly status: number; readonly retryable: boolean }>;

export type ErrorCode = keyof typeof TABLE;

/** All of them. */
export const ERROR_CODES = Object.keys(TABLE) as readonly ErrorCode[];

/** An error as a value: what went wrong and, in `message`, with which value and what to do about it. */
export interface ProtocolError {
  readonly code: ErrorCode;
  readonly message: string;
}

export function protocolError(code: ErrorCode, message: string): ProtocolError {
  return { code, message };
}

export function errorStatus(code: ErrorCode): number {
  return TABLE[code].status;
}

/** Whether sending the very same request again may succeed. */
export function isRetryable(code: ErrorCode): boolean {
  return TABLE[code].retryable;
}

/** The body of every error answer; what is told beside code and message stands beside them. */
export function errorBody(error: ProtocolError, details: ErrorDetails = {}): string {
  return JSON.stringify({ error: { code: error.code, message: error.message, ...details } });
}

/** What a program needs to know of an error to go on, by its names in the protocol; `undefined` ones are left out. */
export type ErrorDetails = Readonly<Record<string, string | number | undefined>>;

/** Shows a value of the client's inside an error sentence: quoted, on one line, and no more than 80 characters of it. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
}
