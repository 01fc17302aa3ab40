import { contentTypeInvalid, DEFAULT_CONTENT_TYPE, isContentType, sameContentType } from "./content-type.ts";
import { protocolError, quote, type ProtocolError } from "./errors.ts";
import { sameExpiry, type Expiry } from "./expiry.ts";
import { forkMismatch, type ForkOrigin, type ForkRequest } from "./fork.ts";
import { HEADER_VALUE_MAX_BYTES } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/** What a stream is for its whole life (section 5.1); `public` is our own extension, set by `?public=true`. */
export interface StreamConfig {
  readonly contentType: string;
  readonly expiry: Expiry;
  readonly public: boolean;
}

/** What a creation asks for; what it says nothing about (`undefined`), it takes as it is. */
export interface WantedConfig {
  /** Only the creation of a fork may leave it out: it takes its source's. */
  readonly contentType: string | undefined;
  /** Likewise. */
  readonly expiry: Expiry | undefined;
  readonly public: boolean | undefined;
  readonly closed: boolean;
  readonly fork: ForkRequest | undefined;
}

/** A stream as a creation finds it. */
export interface ExistingConfig extends StreamConfig {
  readonly closed: boolean;
  readonly fork: ForkOrigin | undefined;
}

/** Reads the `Content-Type` of a creation: absent or empty gives the default. */
export function parseContentType(header: string | null): Parsed<string> {
  if (header === null || header.trim() === "") return parsed(DEFAULT_CONTENT_TYPE);
  if (header.length > HEADER_VALUE_MAX_BYTES) {
    return failed(
      protocolError(
        "HEADER_TOO_LONG",
        `Content-Type is longer than ${String(HEADER_VALUE_MAX_BYTES)} bytes; shorten its parameters.`,
      ),
    );
  }
  if (!isContentType(header)) return failed(contentTypeInvalid(header));
  return parsed(header.trim());
}

/**
 * Creating a stream that exists succeeds when it asks for what is there (section 5.1): the same content type, end,
 * visibility, closure and origin. The answer is what differs, or `undefined` when nothing does.
 */
export function configMismatch(existing: ExistingConfig, wanted: WantedConfig): ProtocolError | undefined {
  const difference = describeDifference(existing, wanted);
  if (difference === undefined) return undefined;
  return protocolError(
    "STREAM_CONFIG_MISMATCH",
    `The stream exists with another configuration: ${difference}. Ask for what it has, or delete it first.`,
  );
}

function describeDifference(existing: ExistingConfig, wanted: WantedConfig): string | undefined {
  if (wanted.contentType !== undefined && !sameContentType(existing.contentType, wanted.contentType)) {
    return `its content type is ${quote(existing.contentType)}, not ${quote(wanted.contentType)}`;
  }
  if (wanted.expiry !== undefined && !sameExpiry(existing.expiry, wanted.expiry)) {
    return `${describeExpiry(existing.expiry)}, and the request says that ${describeExpiry(wanted.expiry)}`;
  }
  if (wanted.public !== undefined && existing.public !== wanted.public)
    return existing.public ? "it is public" : "it is not public";
  if (existing.closed !== wanted.closed) return existing.closed ? "it is closed" : "it is open";
  return forkMismatch(existing.fork, wanted.fork);
}

function describeExpiry(expiry: Expiry): string {
  switch (expiry.kind) {
    case "never":
      return "it never expires";
    case "ttl":
      return `it expires after ${String(expiry.ttlSeconds)} s without access`;
    case "at":
      return `it expires at ${expiry.expiresAt}`;
  }
}
