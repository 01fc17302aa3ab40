import { contentKind } from "../content-type.ts";
import { SEGMENT_BLOCK_BYTES } from "../limits.ts";
import { joinPayloads, separatorBytes } from "../messages.ts";
import type { Position } from "../offset.ts";
import { blockChecksums, CHECKSUM_BYTES, isSameBytes, sha256 } from "./blocks.ts";
import { contradiction } from "./contradiction.ts";
import { decodeFooter, encodeFooter, FOOTER_BYTES, implausible, type SegmentFooter } from "./footer.ts";
import { decodeIndex, encodeIndex, type IndexedRun, type SegmentIndex } from "./segment-index.ts";

/**
 * Segments: sealed history as one immutable object each, laid out as `docs/segment-format.md` says. The payload comes
 * first and verbatim, so a range of it can be served as it is; what divides and checks it comes after.
 */

/** Messages that were stored together, on their way into a segment. */
export interface SegmentRun {
  readonly payload: Uint8Array;
  readonly sizes: readonly number[];
  readonly appendedAtMs: number;
}

/** What a segment is made of. */
export interface SegmentContent {
  /** `project/path`. */
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly start: Position;
  readonly runs: readonly SegmentRun[];
}

export interface EncodedSegment {
  /** The whole object. */
  readonly object: Uint8Array;
  readonly end: Position;
  /** Length of the payload, with which the object begins. */
  readonly payloadBytes: number;
  readonly sizes: readonly number[];
  /** SHA-256 of each block of the payload. */
  readonly checksums: Uint8Array;
}

/** A segment that was read and found whole. */
export interface Segment {
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly start: Position;
  /** The position after the last message. */
  readonly end: Position;
  readonly messages: number;
  /** Of payload. */
  readonly bytes: number;
  readonly payload: Uint8Array;
  readonly sizes: readonly number[];
  readonly runs: readonly IndexedRun[];
}

export type SegmentReading =
  | { readonly kind: "segment"; readonly segment: Segment }
  /** `problem` goes on from "it": a clause without a full stop. */
  | { readonly kind: "damaged"; readonly problem: string };

/**
 * Makes the object of a segment. The same content always gives the same bytes. Throws a `RangeError` when the content
 * contradicts itself, so that nothing is ever written that {@link readSegment} would call damaged.
 */
export async function encodeSegment(content: SegmentContent): Promise<EncodedSegment> {
  const { stream, incarnation, contentType, start, runs } = content;
  const kind = contentKind(contentType);
  const payload = joinPayloads(
    kind,
    runs.map((run) => run.payload),
  );
  const sizes = runs.flatMap((run) => run.sizes);
  const end = start + (kind === "json" ? sizes.length : payload.byteLength);
  const indexed = runs.map((run) => ({ messages: run.sizes.length, appendedAtMs: run.appendedAtMs }));
  const facts = {
    start,
    end,
    messages: sizes.length,
    runs: runs.length,
    payloadBytes: payload.byteLength,
    blockBytes: SEGMENT_BLOCK_BYTES,
  };
  const problem = implausible(facts) ?? contradiction(facts, { contentType, sizes, runs: indexed, payload });
  if (problem !== undefined) throw new RangeError(`No segment can be made of this: ${problem}`);
  const checksums = await blockChecksums(payload);
  const index = encodeIndex({ stream, incarnation, contentType, checksums, runs: indexed, sizes });
  const footer = { ...facts, indexBytes: index.byteLength, indexChecksum: await sha256(index) };
  const object = joinPayloads("binary", [payload, index, await encodeFooter(footer)]);
  return { object, end, payloadBytes: payload.byteLength, sizes, checksums };
}

/** Reads a whole object and checks all of it: every checksum, and that payload, index and footer agree. */
export async function readSegment(object: Uint8Array): Promise<SegmentReading> {
  if (object.byteLength < FOOTER_BYTES) {
    return damaged(`it has ${String(object.byteLength)} bytes, and the shortest segment has more`);
  }
  const footer = await decodeFooter(object.subarray(object.byteLength - FOOTER_BYTES));
  if (typeof footer === "string") return damaged(footer);
  const { payloadBytes, indexBytes } = footer;
  const bytes = payloadBytes + indexBytes + FOOTER_BYTES;
  if (object.byteLength !== bytes) {
    return damaged(`it has ${String(object.byteLength)} bytes, and its footer says ${String(bytes)}`);
  }
  const index = await checkedIndex(object.subarray(payloadBytes, payloadBytes + indexBytes), footer);
  if (typeof index === "string") return damaged(index);
  const payload = object.subarray(0, payloadBytes);
  const problem = (await badBlock(payload, footer, index)) ?? contradiction(footer, { ...index, payload });
  if (problem !== undefined) return damaged(problem);
  const { stream, incarnation, contentType, sizes, runs } = index;
  const { start, end, messages } = footer;
  const described = { stream, incarnation, contentType, start, end };
  return { kind: "segment", segment: { ...described, messages, bytes: payloadBytes, payload, sizes, runs } };
}

function damaged(problem: string): SegmentReading {
  return { kind: "damaged", problem };
}

async function checkedIndex(bytes: Uint8Array, footer: SegmentFooter): Promise<SegmentIndex | string> {
  if (!isSameBytes(await sha256(bytes), footer.indexChecksum)) {
    return "its index does not have the checksum that its footer says";
  }
  const blocks = Math.ceil(footer.payloadBytes / footer.blockBytes);
  return decodeIndex(bytes, { blocks, runs: footer.runs, messages: footer.messages });
}

async function badBlock(
  payload: Uint8Array,
  { blockBytes }: SegmentFooter,
  { checksums }: SegmentIndex,
): Promise<string | undefined> {
  for (let from = 0, block = 0; from < payload.byteLength; from += blockBytes, block++) {
    const expected = checksums.subarray(block * CHECKSUM_BYTES, (block + 1) * CHECKSUM_BYTES);
    if (isSameBytes(await sha256(payload.subarray(from, from + blockBytes)), expected)) continue;
    const to = Math.min(from + blockBytes, payload.byteLength);
    return `its payload is not what was sealed: bytes ${String(from)} to ${String(to)} do not have their checksum`;
  }
  return undefined;
}

/** One message of a segment. */
export interface SegmentMessage {
  readonly position: Position;
  readonly message: Uint8Array;
  /** When it was appended, in Unix milliseconds. */
  readonly appendedAtMs: number;
}

/** The messages of a segment, in order. */
export function* segmentMessages({ contentType, start, payload, sizes, runs }: Segment): Generator<SegmentMessage> {
  const kind = contentKind(contentType);
  let at = 0;
  let message = 0;
  for (const run of runs) {
    for (const end = message + run.messages; message < end; message++) {
      const size = sizes[message] ?? 0;
      const position = start + (kind === "json" ? message : at);
      yield { position, message: payload.subarray(at, at + size), appendedAtMs: run.appendedAtMs };
      at += size + separatorBytes(kind);
    }
  }
}
