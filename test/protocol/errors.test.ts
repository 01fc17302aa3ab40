import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  errorBody,
  errorStatus,
  isRetryable,
  protocolError,
  quote,
  type ErrorCode,
} from "../../src/protocol/errors.ts";
import { anyText } from "./arbitraries.ts";

/** The statuses once more, written out: the compiler asks for a line here for every code that is added. */
const STATUSES: Record<ErrorCode, number> = {
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  HOST_NOT_ALLOWED: 421,
  BINDING_MISSING: 500,
  INVALID_VARIABLE: 500,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  INVALID_PATH: 400,
  PATH_TOO_LONG: 414,
  RESERVED_PATH: 404,
  INVALID_PROJECT: 400,
  INVALID_OFFSET: 400,
  INVALID_LIMIT: 400,
  OFFSET_BEYOND_TAIL: 400,
  INVALID_LIVE_MODE: 400,
  OFFSET_REQUIRED: 400,
  INVALID_CONTENT_TYPE: 400,
  CONTENT_TYPE_REQUIRED: 400,
  HEADER_TOO_LONG: 400,
  INVALID_TTL: 400,
  INVALID_EXPIRES_AT: 400,
  TTL_AND_EXPIRES_AT: 400,
  INVALID_PRODUCER: 400,
  INVALID_STREAM_SEQ: 400,
  INVALID_FORK_SOURCE: 400,
  INVALID_FORK_OFFSET: 400,
  INVALID_FORK_SUB_OFFSET: 400,
  FORK_HEADERS_ALONE: 400,
  FORK_OFFSET_BEYOND_TAIL: 400,
  FORK_SOURCE_NOT_FOUND: 404,
  FORK_SOURCE_GONE: 409,
  FORK_TOO_DEEP: 409,
  FORK_ACROSS_PROJECTS: 403,
  EMPTY_BODY: 400,
  EMPTY_ARRAY: 400,
  INVALID_JSON: 400,
  BODY_INCOMPLETE: 400,
  BODY_TOO_LARGE: 413,
  TOO_MANY_MESSAGES: 413,
  STREAM_GONE: 410,
  PATH_HELD_BY_FORKS: 409,
  STREAM_NOT_FOUND: 404,
  STREAM_CONFIG_MISMATCH: 409,
  STREAM_CLOSED: 409,
  CONTENT_TYPE_MISMATCH: 409,
  STREAM_SEQ_REGRESSION: 409,
  STALE_EPOCH: 403,
  SEQUENCE_GAP: 409,
  EPOCH_MUST_START_AT_ZERO: 400,
  SEGMENT_NOT_FOUND: 404,
  SEGMENT_UNAVAILABLE: 503,
  SEGMENT_MISSING: 500,
  SEGMENT_CORRUPT: 500,
  OPERATOR_CLOSED: 403,
  TOKEN_REQUIRED: 401,
  TOKEN_MALFORMED: 401,
  TOKEN_ALGORITHM: 401,
  TOKEN_KIND: 401,
  TOKEN_KEY_UNKNOWN: 401,
  TOKEN_SIGNATURE: 401,
  TOKEN_CLAIMS: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_NOT_YET_VALID: 401,
  TOKEN_LIFETIME: 401,
  TOKEN_PROJECT: 403,
  TOKEN_STREAM: 403,
  TOKEN_SCOPE: 403,
  KEYS_UNAVAILABLE: 503,
  PROJECT_NOT_FOUND: 404,
  PROJECT_EXISTS: 409,
  INVALID_PROJECT_SETTINGS: 400,
  INVALID_SECRET: 400,
  TOO_MANY_KEYS: 409,
  KEY_NOT_FOUND: 404,
  KEY_SIGNS: 409,
  INVALID_FIELD: 400,
  INVALID_CURSOR: 400,
  INVALID_SUBSCRIPTION: 400,
  WEBHOOK_URL_REJECTED: 400,
  SUBSCRIPTION_NOT_FOUND: 404,
  SUBSCRIPTION_ALREADY_EXISTS: 409,
  TOO_MANY_STREAMS: 409,
  TOO_MANY_SUBSCRIPTIONS: 409,
  TOO_MANY_LINKS: 409,
  TOKEN_INVALID: 401,
  FENCED: 409,
  ALREADY_CLAIMED: 409,
  NO_PENDING_WORK: 409,
  INVALID_ACK: 409,
  RATE_LIMITED: 429,
  TOO_MANY_READERS: 429,
  APPEND_QUEUE_FULL: 429,
};
const CODES = Object.keys(STATUSES) as ErrorCode[];

describe("errors: the table", () => {
  test.each(CODES)("errors: %s answers with its status", (code) => {
    expect(errorStatus(code)).toBe(STATUSES[code]);
    expect(errorStatus(code)).toBeGreaterThanOrEqual(400);
    expect(errorStatus(code)).toBeLessThan(600);
  });

  test("errors: only trouble that passes by itself is worth the same request again", () => {
    expect(CODES.filter(isRetryable).toSorted()).toEqual([
      "APPEND_QUEUE_FULL",
      "INTERNAL",
      "KEYS_UNAVAILABLE",
      "RATE_LIMITED",
      "SEGMENT_UNAVAILABLE",
      "TOO_MANY_READERS",
      "UNAVAILABLE",
    ]);
  });
});

describe("errors: the body", () => {
  test("errors: it is JSON with the code and the sentence, and nothing else", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CODES), anyText(), (code, message) => {
        expect(JSON.parse(errorBody(protocolError(code, message)))).toEqual({ error: { code, message } });
      }),
    );
  });

  test("errors: what came along with an error stays inside", () => {
    const error = { ...protocolError("INTERNAL", "sorry"), stack: "at secret.ts" };
    expect(errorBody(error)).not.toContain("secret");
  });
});

describe("errors: quoting what a client sent", () => {
  test("errors: a quoted value is on one line, in quotes, and holds no control character", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 100 }), (value) => {
        expect(quote(value)).toMatch(/^"[^\u0000-\u001f]*"$/); // eslint-disable-line no-control-regex -- none may be left
      }),
    );
  });

  test("errors: up to 80 characters are shown whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (value) => {
        fc.pre(value.length <= 80);
        expect(JSON.parse(quote(value))).toBe(value);
      }),
    );
    expect(quote("x".repeat(80))).toBe(`"${"x".repeat(80)}"`);
  });

  test("errors: of a longer value the beginning is shown, 80 characters with the dots", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 81, maxLength: 400 }), (value) => {
        const shown = JSON.parse(quote(value)) as string;
        expect(shown).toHaveLength(80);
        expect(shown).toBe(`${value.slice(0, 77)}...`);
      }),
    );
  });
});
