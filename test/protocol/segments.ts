import fc from "fast-check";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { joinPayloads } from "../../src/protocol/messages.ts";
import { sha256 } from "../../src/protocol/segment/blocks.ts";
import { encodeFooter, FOOTER_BYTES, type SegmentFooter } from "../../src/protocol/segment/footer.ts";
import { encodeIndex, type SegmentIndex } from "../../src/protocol/segment/segment-index.ts";
import {
  encodeSegment,
  readSegment,
  type Segment,
  type SegmentContent,
  type SegmentRun,
} from "../../src/protocol/segment/segment.ts";
import { anyText, jsonValueText, utf8 } from "./arbitraries.ts";

/** What the tests of segments have in common. */

export const INCARNATION = "6f1c0b52-0d4e-4a86-9c55-1f1f7d3f2b10";
export const TYPES: Record<ContentKind, string> = {
  json: "application/json",
  text: "text/plain; charset=utf-8",
  binary: "application/octet-stream",
};

/** Messages that were stored together. */
export function runOf(
  kind: ContentKind,
  messages: readonly Uint8Array[],
  appendedAtMs = 1_750_000_000_000,
): SegmentRun {
  return {
    payload: joinPayloads(kind, messages),
    sizes: messages.map((message) => message.byteLength),
    appendedAtMs,
  };
}

export function contentOf(kind: ContentKind, runs: readonly SegmentRun[], start = 0): SegmentContent {
  return { stream: "default/rooms/42", incarnation: INCARNATION, contentType: TYPES[kind], start, runs };
}

/** A segment's content together with what has to come out of it. */
export interface Example {
  readonly kind: ContentKind;
  readonly messages: readonly (readonly Uint8Array[])[];
  readonly content: SegmentContent;
}

const appendedAtMs = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 }),
  fc.constantFrom(0, 1, 127, 128, 2 ** 31, 2 ** 32, 8_640_000_000_000_000),
);

/** A position of which a segment may start and not pass 2^53 - 1. */
export const start = fc.oneof(
  fc.nat(),
  fc.maxSafeInteger().map((number) => Math.max(0, number - 2 ** 20)),
  fc.constantFrom(0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
);

function message(kind: ContentKind): fc.Arbitrary<Uint8Array> {
  switch (kind) {
    case "json":
      return jsonValueText.map(utf8);
    case "text":
      return anyText().map(utf8);
    case "binary":
      return fc.uint8Array({ maxLength: 40 });
  }
}

/** Any content: all kinds, many runs, messages of no bytes where the kind has them, odd names. */
export const anyExample: fc.Arbitrary<Example> = fc.constantFrom<ContentKind>("json", "text", "binary").chain((kind) =>
  fc
    .record({
      stream: anyText({ minLength: 1 }).map((path) => `default/${path}`),
      incarnation: fc.uuid(),
      contentType: fc.constantFrom(TYPES[kind], TYPES[kind].toUpperCase(), `${TYPES[kind]}; x="é"`),
      start,
      runs: fc.array(fc.tuple(fc.array(message(kind), { minLength: 1, maxLength: 6 }), appendedAtMs), { maxLength: 6 }),
    })
    .map(({ runs, ...facts }) => ({
      kind,
      messages: runs.map(([messages]) => messages),
      content: { ...facts, runs: runs.map(([messages, atMs]) => runOf(kind, messages, atMs)) },
    })),
);

export async function objectOf(content: SegmentContent): Promise<Uint8Array> {
  const { object } = await encodeSegment(content);
  return object;
}

/** The segment, or an error with what is wrong with it. */
export async function intact(object: Uint8Array): Promise<Segment> {
  const reading = await readSegment(object);
  if (reading.kind === "damaged") throw new Error(reading.problem);
  return reading.segment;
}

/** What is wrong with an object; `undefined` when nothing is. */
export async function problemOf(object: Uint8Array): Promise<string | undefined> {
  const reading = await readSegment(object);
  return reading.kind === "damaged" ? reading.problem : undefined;
}

/** What a wrong writer gets wrong; all else is as it should be, every checksum included. */
export interface Mistakes {
  readonly index?: Partial<SegmentIndex>;
  /** The index as bytes, made of the right ones. */
  readonly indexBytes?: (right: Uint8Array) => Uint8Array;
  readonly footer?: Partial<SegmentFooter>;
  /** The footer's facts as bytes, before they get their checksum. */
  readonly footerFacts?: (view: DataView) => void;
}

/** An object by a writer with mistakes, put together of the parts that a right one is made of. */
export async function written(payload: Uint8Array, index: SegmentIndex, mistakes: Mistakes = {}): Promise<Uint8Array> {
  const wrongIndex = { ...index, ...mistakes.index };
  const right = encodeIndex(wrongIndex);
  const indexBytes = mistakes.indexBytes?.(right) ?? right;
  const footer = await encodeFooter({
    start: 0,
    end: index.sizes.length,
    messages: index.sizes.length,
    runs: index.runs.length,
    payloadBytes: payload.byteLength,
    indexBytes: indexBytes.byteLength,
    blockBytes: 4096,
    indexChecksum: await sha256(indexBytes),
    ...mistakes.footer,
  });
  if (mistakes.footerFacts !== undefined) {
    mistakes.footerFacts(new DataView(footer.buffer));
    footer.set(await sha256(footer.subarray(0, FOOTER_BYTES - 32)), FOOTER_BYTES - 32);
  }
  return joinPayloads("binary", [payload, indexBytes, footer]);
}
