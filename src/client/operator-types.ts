import { parseOffset } from "../protocol/offset.ts";
import { type Check, isCount, isFlag, isText, isTime, listOf, nullable, objectOf, optional } from "./answer-shape.ts";

/**
 * What our server's operator API says about a stream. Offsets are text as everywhere in the protocol (section 8), times
 * are Unix milliseconds, and bytes are those of the payload unless the name says otherwise.
 */

/** How much a part of a stream holds. */
interface Extent {
  readonly messages: number;
  readonly bytes: number;
}

/** The stream as a whole. Of a fork, messages, bytes and segments are its own: what it inherits is not counted. */
export interface StreamMap extends Extent {
  /** `project/path`, as it stands in segments. */
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly public: boolean;
  readonly closed: boolean;
  /** It ended, and is there for its forks alone. */
  readonly softDeleted?: boolean | undefined;
  readonly createdAtMs: number;
  readonly expiry: { readonly kind: string; readonly ttlSeconds?: number; readonly expiresAt?: string };
  readonly tail: string;
  /** What is not sealed yet. It starts where the segments end. */
  readonly hot: Extent & { readonly start: string; readonly rows: number };
  readonly segments: Extent & { readonly count: number };
  readonly sealing: SealingState;
  /** Earlier incarnations whose objects are still being removed. */
  readonly purges: readonly { readonly prefix: string; readonly dueAtMs: number; readonly failures: number }[];
  /** Live readers connected. */
  readonly readers: number;
  readonly producers: { readonly count: number; readonly list: readonly ProducerState[] };
  /** Where it was forked from, when it is a fork. */
  readonly fork?: ForkFacts | undefined;
  /** All are counted, and the first so many listed. */
  readonly forks?: { readonly count: number; readonly list: readonly ForkName[] } | undefined;
}

interface ForkFacts {
  /** `project/path`. */
  readonly source: string;
  readonly offset: string;
  readonly subOffset: number;
  /** Where its own messages begin. */
  readonly start: string;
  /** Which stream holds which stretch of what it inherits: each begins where the one before it ends. */
  readonly inherited: readonly { readonly stream: string; readonly incarnation: string; readonly until: string }[];
}

interface ForkName {
  /** `project/path`. */
  readonly fork: string;
  readonly incarnation: string;
}

export interface SealingState {
  readonly state: string;
  /** In a row. */
  readonly failures: number;
  readonly lastError?: string;
  readonly nextAttemptAtMs?: number;
  /** What a hot log may hold before it is sealed; absent where nothing is. */
  readonly maxMessages?: number | undefined;
  readonly maxBytes?: number | undefined;
}

interface ProducerState {
  readonly id: string;
  readonly epoch: number;
  readonly lastSeq: number;
}

/** A segment as the stream's manifest has it. */
export interface SegmentRow extends Extent {
  /** Counted from 0. */
  readonly number: number;
  readonly start: string;
  readonly end: string;
  readonly objectBytes: number;
  readonly key: string;
  /** `sealing`: its object is being written, and its messages are still in the hot log. */
  readonly state: "sealed" | "sealing";
  /** Of the newest message. */
  readonly appendedAtMs: number;
  readonly sealedAtMs: number | null;
  readonly attempts: number;
}

export interface SegmentPage {
  readonly incarnation: string;
  readonly segments: readonly SegmentRow[];
  /** Where the next page starts; `null` on the last one. */
  readonly next: string | null;
}

/** An object in the bucket. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly uploadedAtMs: number;
}

export interface ObjectPage {
  readonly prefix: string;
  readonly objects: readonly StoredObject[];
  readonly cursor: string | null;
}

const isOffset: Check = (value) => typeof value === "string" && parseOffset(value) !== undefined;

const EXTENT = { messages: isCount, bytes: isCount };

const SEALING = {
  state: isText,
  failures: isCount,
  lastError: optional(isText),
  nextAttemptAtMs: optional(isTime),
  maxMessages: optional(isCount),
  maxBytes: optional(isCount),
};

const FORK = {
  source: isText,
  offset: isOffset,
  subOffset: isCount,
  start: isOffset,
  inherited: listOf(objectOf({ stream: isText, incarnation: isText, until: isOffset })),
};

const MAP = objectOf({
  ...EXTENT,
  stream: isText,
  incarnation: isText,
  contentType: isText,
  public: isFlag,
  closed: isFlag,
  softDeleted: optional(isFlag),
  createdAtMs: isTime,
  expiry: objectOf({ kind: isText, ttlSeconds: optional(isCount), expiresAt: optional(isText) }),
  tail: isOffset,
  hot: objectOf({ ...EXTENT, start: isOffset, rows: isCount }),
  segments: objectOf({ ...EXTENT, count: isCount }),
  sealing: objectOf(SEALING),
  purges: listOf(objectOf({ prefix: isText, dueAtMs: isTime, failures: isCount })),
  readers: isCount,
  producers: objectOf({ count: isCount, list: listOf(objectOf({ id: isText, epoch: isCount, lastSeq: isCount })) }),
  fork: optional(objectOf(FORK)),
  forks: optional(objectOf({ count: isCount, list: listOf(objectOf({ fork: isText, incarnation: isText })) })),
});

const ROW = objectOf({
  ...EXTENT,
  number: isCount,
  start: isOffset,
  end: isOffset,
  objectBytes: isCount,
  key: isText,
  state: (value) => value === "sealed" || value === "sealing",
  appendedAtMs: isTime,
  sealedAtMs: nullable(isTime),
  attempts: isCount,
});

const SEGMENTS = objectOf({ incarnation: isText, segments: listOf(ROW), next: nullable(isOffset) });

const OBJECTS = objectOf({
  prefix: isText,
  objects: listOf(objectOf({ key: isText, bytes: isCount })),
  cursor: nullable(isText),
});

const SWEEP = objectOf({ removed: listOf(isText) });

export function isStreamMap(value: unknown): value is StreamMap {
  return MAP(value);
}

export function isSegmentPage(value: unknown): value is SegmentPage {
  return SEGMENTS(value);
}

export function isObjectPage(value: unknown): value is ObjectPage {
  return OBJECTS(value);
}

export function isSweep(value: unknown): value is { readonly removed: readonly string[] } {
  return SWEEP(value);
}
