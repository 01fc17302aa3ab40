import { protocolError, quote } from "./errors.ts";
import { STREAM_EXPIRES_AT, STREAM_TTL } from "./headers.ts";
import { TTL_MAX_SECONDS } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/** How a stream ends by itself (section 5.1): never, after a time without reads and writes, or at an instant. */
export type Expiry =
  | { readonly kind: "never" }
  | { readonly kind: "ttl"; readonly ttlSeconds: number }
  | { readonly kind: "at"; readonly expiresAtMs: number; readonly expiresAt: string };

export const NEVER: Expiry = { kind: "never" };

const TTL = /^(0|[1-9]\d*)$/;
const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Reads `Stream-TTL` and `Stream-Expires-At`; `null` stands for an absent header. Both at once are refused. */
export function parseExpiry(ttl: string | null, expiresAt: string | null): Parsed<Expiry> {
  if (ttl !== null && expiresAt !== null) {
    return failed(
      protocolError(
        "TTL_AND_EXPIRES_AT",
        `${STREAM_TTL} and ${STREAM_EXPIRES_AT} exclude each other; send one of them.`,
      ),
    );
  }
  if (ttl !== null) return parseTtl(ttl);
  if (expiresAt !== null) return parseExpiresAt(expiresAt);
  return parsed(NEVER);
}

function parseTtl(ttl: string): Parsed<Expiry> {
  const ttlSeconds = Number(ttl);
  if (TTL.test(ttl) && ttlSeconds <= TTL_MAX_SECONDS) return parsed({ kind: "ttl", ttlSeconds });
  return failed(
    protocolError(
      "INVALID_TTL",
      `${STREAM_TTL} is ${quote(ttl)}; it must be whole seconds in plain decimal digits, from 0 to ${String(TTL_MAX_SECONDS)}.`,
    ),
  );
}

function parseExpiresAt(expiresAt: string): Parsed<Expiry> {
  const date = RFC_3339.exec(expiresAt)?.[1];
  const expiresAtMs = date !== undefined && isCalendarDate(date) ? Date.parse(expiresAt.toUpperCase()) : Number.NaN;
  if (!Number.isNaN(expiresAtMs)) return parsed({ kind: "at", expiresAtMs, expiresAt });
  return failed(
    protocolError(
      "INVALID_EXPIRES_AT",
      `${STREAM_EXPIRES_AT} is ${quote(expiresAt)}; it must be an RFC 3339 timestamp such as 2030-01-31T12:00:00Z.`,
    ),
  );
}

/** Whether the month has that day: `Date.parse` reads February 30 as March 2. */
function isCalendarDate(date: string): boolean {
  const midnightMs = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(date);
}

/** Whether two creations ask for the same end: the same window, or the same instant however it was written. */
export function sameExpiry(left: Expiry, right: Expiry): boolean {
  switch (left.kind) {
    case "never":
      return right.kind === "never";
    case "ttl":
      return right.kind === "ttl" && left.ttlSeconds === right.ttlSeconds;
    case "at":
      return right.kind === "at" && left.expiresAtMs === right.expiresAtMs;
  }
}

/** When the stream ends if nobody touches it after `lastAccessMs`, in Unix milliseconds; `undefined` for never. */
export function deadlineMs(expiry: Expiry, lastAccessMs: number): number | undefined {
  switch (expiry.kind) {
    case "never":
      return undefined;
    case "ttl":
      return lastAccessMs + expiry.ttlSeconds * 1000;
    case "at":
      return expiry.expiresAtMs;
  }
}

/** A tenth of the window, and never less than a second, so that writing down accesses stays rare. */
const PERSIST_FRACTION = 10;
const PERSIST_MIN_MS = 1000;

/**
 * How far the last access in memory may run ahead of the one in storage before it is written down. After an eviction the
 * stored time plus this is taken for the last access: a stream may end late by this much, and never early.
 */
export function accessGranularityMs(expiry: Expiry): number {
  return expiry.kind === "ttl" ? Math.max(PERSIST_MIN_MS, (expiry.ttlSeconds * 1000) / PERSIST_FRACTION) : 0;
}
