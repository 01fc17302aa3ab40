import { encodeHex } from "../../protocol/hex.ts";
import { segmentKey, segmentPrefix } from "../../protocol/segment/key.ts";
import type { SegmentLimits } from "../../protocol/segment/limits.ts";
import { encodeSegment } from "../../protocol/segment/segment.ts";
import type { SegmentIntent } from "../storage/segment-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { StreamState } from "../stream/state.ts";
import { backoffMs } from "./backoff.ts";
import { isSealingDue, planSegment } from "./plan.ts";
import { putSegment } from "./put-segment.ts";

/** Where sealing finds and leaves the stream that it works for. The stream goes on changing meanwhile. */
export interface SealingSurroundings {
  readonly storage: StreamStorage;
  readonly bucket: R2Bucket;
  /** The stream as it is at the moment; `undefined` when it has ended. */
  readonly state: () => StreamState | undefined;
  /** Told in the same turn in which a segment was committed. */
  readonly sealed: (segment: SegmentIntent) => void;
}

/**
 * One attempt to make one segment. `failed` says that the next one has to wait, `ended` that the stream is no more: what
 * may lie in R2 of it is then for its purge to remove.
 */
export type SealingResult = "sealed" | "nothing-due" | "waiting" | "failed" | "ended";

/**
 * Seals the beginning of the hot log into a segment. First the intent is stored, then the object is written to R2, then
 * one transaction makes the intent a segment and removes the rows it was made of. After a crash between any two steps the
 * same segment is made again, of the same rows and under the same key. Readers are served from the rows until the last
 * step, and from the object after it.
 */
export async function sealOne(around: SealingSurroundings, limits: SegmentLimits): Promise<SealingResult> {
  const { storage } = around;
  const state = around.state();
  if (state === undefined) return "ended";
  const intent = storage.segments.intent() ?? intend(storage, state, limits);
  if (intent === undefined) return "nothing-due";
  if (intent.nextAttemptAtMs > Date.now()) return "waiting";
  try {
    return await makeSegment(around, state, intent);
  } catch (error) {
    if (around.state()?.incarnation !== state.incarnation) return "ended";
    const attempts = intent.attempts + 1;
    const reason = error instanceof Error ? error.message : String(error);
    console.error(
      `Segment ${String(intent.number)} of ${state.name} could not be sealed (attempt ${String(attempts)}): ${reason}`,
    );
    storage.segments.setFailed(intent.start, attempts, Date.now() + backoffMs(attempts, Math.random()), reason);
    return "failed";
  }
}

function intend(storage: StreamStorage, state: StreamState, limits: SegmentLimits): SegmentIntent | undefined {
  if (!isSealingDue(state, limits)) return undefined;
  const planned = planSegment(state, storage.log.facts(), limits);
  return planned === undefined ? undefined : storage.transaction(() => storage.segments.intend(planned, drawNonce()));
}

const NONCE_BYTES = 4;

function drawNonce(): string {
  return encodeHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
}

async function makeSegment(
  around: SealingSurroundings,
  { name, incarnation, contentType }: StreamState,
  intent: SegmentIntent,
): Promise<SealingResult> {
  const { storage, bucket } = around;
  const { start, tail: end } = intent;
  // The intent has to be durable before there can be an object that nothing else knows of.
  await storage.durable();
  if (around.state()?.incarnation !== incarnation) return "ended";
  const content = { stream: name, incarnation, contentType, start, runs: storage.log.between(start, end) };
  const encoded = await encodeSegment(content);
  requireWhole(intent, encoded.end, encoded.payloadBytes);
  const key = segmentKey(await segmentPrefix(name, incarnation), start, end, intent.nonce);
  await putSegment(bucket, key, content, encoded, intent.attempts > 0);
  if (around.state()?.incarnation !== incarnation) return "ended";
  storage.transaction(() => {
    const { sizes, checksums } = encoded;
    storage.segments.setSealed(start, { objectBytes: encoded.object.byteLength, sizes, checksums }, Date.now());
    storage.log.removeBefore(end);
  });
  around.sealed(intent);
  return "sealed";
}

/** Rows are removed for what was sealed in their place: that has to be all of them. */
function requireWhole(intent: SegmentIntent, end: number, bytes: number): void {
  if (end === intent.tail && bytes === intent.bytes) return;
  throw new Error(
    `the rows from ${String(intent.start)} on come to ${String(bytes)} bytes up to ${String(end)}, and ${String(intent.bytes)} up to ${String(intent.tail)} were to be sealed`,
  );
}
