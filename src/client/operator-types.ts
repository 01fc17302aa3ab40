/**
 * What our server's operator API says about a stream. Offsets are text as everywhere in the protocol (section 8), times
 * are Unix milliseconds, and bytes are those of the payload unless the name says otherwise.
 */

/** How much a part of a stream holds. */
interface Extent {
  readonly messages: number;
  readonly bytes: number;
}

/** The stream as a whole. */
export interface StreamMap extends Extent {
  /** `project/path`, as it stands in segments. */
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly public: boolean;
  readonly closed: boolean;
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
}

export interface SealingState {
  readonly state: string;
  /** In a row. */
  readonly failures: number;
  readonly lastError?: string;
  readonly nextAttemptAtMs?: number;
  /** What a hot log may hold before it is sealed. */
  readonly maxMessages: number;
  readonly maxBytes: number;
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

type Fields = Readonly<Record<string, "string" | "number" | "boolean">>;

function hasFields(value: unknown, fields: Fields): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  return Object.entries(fields).every(([name, type]) => typeof record[name] === type);
}

const MAP: Fields = {
  stream: "string",
  incarnation: "string",
  contentType: "string",
  closed: "boolean",
  tail: "string",
  messages: "number",
  bytes: "number",
  readers: "number",
};

export function isStreamMap(value: unknown): value is StreamMap {
  if (!hasFields(value, MAP)) return false;
  const { hot, segments, sealing, purges, producers, expiry } = value;
  return (
    hasFields(hot, { start: "string", messages: "number", bytes: "number", rows: "number" }) &&
    hasFields(segments, { count: "number", messages: "number", bytes: "number" }) &&
    hasFields(sealing, { state: "string", failures: "number" }) &&
    hasFields(expiry, { kind: "string" }) &&
    Array.isArray(purges) &&
    hasFields(producers, { count: "number" }) &&
    Array.isArray(producers["list"])
  );
}

const ROW: Fields = {
  number: "number",
  start: "string",
  end: "string",
  messages: "number",
  bytes: "number",
  objectBytes: "number",
  key: "string",
  state: "string",
  appendedAtMs: "number",
};

export function isSegmentPage(value: unknown): value is SegmentPage {
  return (
    hasFields(value, { incarnation: "string" }) &&
    Array.isArray(value["segments"]) &&
    value["segments"].every((row) => hasFields(row, ROW)) &&
    (value["next"] === null || typeof value["next"] === "string")
  );
}

export function isObjectPage(value: unknown): value is ObjectPage {
  return (
    hasFields(value, { prefix: "string" }) &&
    Array.isArray(value["objects"]) &&
    value["objects"].every((object) => hasFields(object, { key: "string", bytes: "number" })) &&
    (value["cursor"] === null || typeof value["cursor"] === "string")
  );
}

export function isSweep(value: unknown): value is { readonly removed: readonly string[] } {
  if (!hasFields(value, {})) return false;
  const { removed } = value;
  return Array.isArray(removed) && removed.every((key) => typeof key === "string");
}
