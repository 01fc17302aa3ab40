import { protocolError, quote } from "../errors.ts";
import {
  SEGMENT_BYTES_LIMIT,
  SEGMENT_MAX_BYTES_DEFAULT,
  SEGMENT_MAX_MESSAGES_DEFAULT,
  SEGMENT_MESSAGES_LIMIT,
} from "../limits.ts";
import { failed, parsed, type Parsed } from "../result.ts";

/** How much a hot log may hold before it is sealed, and how much a segment holds at most unless one row is more. */
export interface SegmentLimits {
  readonly maxMessages: number;
  /** Of payload. */
  readonly maxBytes: number;
}

/** The variables of a Worker that set the limits. */
export interface SegmentVariables {
  readonly SEGMENT_MAX_MESSAGES?: string | undefined;
  readonly SEGMENT_MAX_BYTES?: string | undefined;
}

/** Reads the variables. One that is absent or empty gives the default; nonsense is an error and never a default. */
export function parseSegmentLimits(variables: SegmentVariables): Parsed<SegmentLimits> {
  const { SEGMENT_MAX_MESSAGES: messages, SEGMENT_MAX_BYTES: bytes } = variables;
  const maxMessages = parseLimit(
    "SEGMENT_MAX_MESSAGES",
    messages,
    SEGMENT_MAX_MESSAGES_DEFAULT,
    SEGMENT_MESSAGES_LIMIT,
  );
  if (!maxMessages.ok) return maxMessages;
  const maxBytes = parseLimit("SEGMENT_MAX_BYTES", bytes, SEGMENT_MAX_BYTES_DEFAULT, SEGMENT_BYTES_LIMIT);
  if (!maxBytes.ok) return maxBytes;
  return parsed({ maxMessages: maxMessages.value, maxBytes: maxBytes.value });
}

function parseLimit(name: string, value: unknown, byDefault: number, most: number): Parsed<number> {
  if (value === undefined || value === "") return parsed(byDefault);
  // wrangler's configuration takes numbers and other JSON too, and hands them on as such.
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const limit = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  if (limit <= most) return parsed(limit);
  return failed(
    protocolError(
      "INVALID_VARIABLE",
      `The Worker's variable ${name} is ${quote(text)}; it must be a whole number from 1 to ${String(most)} in plain digits, or be left out for ${String(byDefault)}.`,
    ),
  );
}
