/** What a request did, as far as it is counted. */
export type Operation =
  | "create"
  | "append"
  | "read"
  | "long-poll"
  | "sse"
  | "head"
  | "delete"
  /** A page of a project's streams, or of its subscriptions. */
  | "list"
  /** Making, reading, changing or deleting a subscription. */
  | "subscription"
  | "claim"
  | "ack"
  | "callback"
  | "release"
  /** The public keys of webhooks, or a new one. */
  | "keys"
  | "operator"
  | "other";

/** Where the bytes of an answer came from; of several places the furthest. `none` where it had no messages to fetch. */
export const CACHES = ["none", "hot", "memory", "edge", "bucket"] as const;

export type CacheUse = (typeof CACHES)[number];

/** One operation, when its answer is complete. */
export interface OperationPoint {
  readonly project: string;
  readonly operation: Operation;
  readonly status: number;
  /** Of the error, or empty. */
  readonly code: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly cache: CacheUse;
  /** See {@link streamHash}; empty for what concerns no stream. */
  readonly stream: string;
  /** Of the Worker. */
  readonly version: string;
}

/** A point as Analytics Engine takes it: one index, blobs and doubles by their order. */
export interface DataPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/**
 * The columns of the dataset: `index1` the project; `blob1` operation, `blob2` error code, `blob3` cache, `blob4` stream
 * hash, `blob5` the Worker's version; `double1` status, `double2` and `double3` bytes in and out, `double4` duration in
 * milliseconds. Columns are only ever added at the end.
 */
export function toDataPoint(point: OperationPoint): DataPoint {
  const { project, operation, code, cache, stream, version, status, bytesIn, bytesOut, durationMs } = point;
  return {
    indexes: [project],
    blobs: [operation, code, cache, stream, version],
    doubles: [status, bytesIn, bytesOut, durationMs],
  };
}

/** Two different starts make 64 bits of two 32-bit hashes. */
const FNV_STARTS = [0x811c9dc5, 0x01000193] as const;
const FNV_PRIME = 0x01000193;

/**
 * Tells streams apart in metrics without naming them: 16 hexadecimal digits (FNV-1a, twice). It keeps names out of sight,
 * and no secret: whoever guesses a name can check it.
 */
export function streamHash(name: string): string {
  return FNV_STARTS.map((start) => fnv1a(name, start).toString(16).padStart(8, "0")).join("");
}

function fnv1a(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash >>> 0;
}

/** Each bucket of a histogram ends a fifth above the one before: a quantile is off by less than that. */
const BUCKET_GROWTH = 1.2;
const FIRST_BUCKET_MS = 0.05;

/** The bucket that a duration falls into. */
export function bucketOf(durationMs: number): number {
  if (durationMs <= FIRST_BUCKET_MS) return 0;
  return Math.ceil(Math.log(durationMs / FIRST_BUCKET_MS) / Math.log(BUCKET_GROWTH));
}

/** Where a bucket ends, in milliseconds. */
export function bucketEndMs(bucket: number): number {
  return FIRST_BUCKET_MS * BUCKET_GROWTH ** bucket;
}

/** The duration that a share of all that was counted does not exceed, or 0 when nothing was. */
export function quantileMs(buckets: ReadonlyMap<number, number>, share: number): number {
  const sorted = [...buckets].sort(([left], [right]) => left - right);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of sorted) {
    seen += count;
    if (seen >= share * total) return bucketEndMs(bucket);
  }
  return 0;
}
