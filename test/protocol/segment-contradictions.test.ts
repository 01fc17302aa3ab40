import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ROW_MAX_BYTES,
  SEGMENT_BLOCK_BYTES,
  SEGMENT_BYTES_LIMIT,
  SEGMENT_MESSAGES_LIMIT,
} from "../../src/protocol/limits.ts";
import { joinPayloads } from "../../src/protocol/messages.ts";
import { encodeNumbers } from "../../src/protocol/numbers.ts";
import { blockChecksums, sha256 } from "../../src/protocol/segment/blocks.ts";
import { BLOCK_MIN_BYTES, SEGMENT_MESSAGES_BOUND } from "../../src/protocol/segment/footer.ts";
import type { SegmentIndex } from "../../src/protocol/segment/segment-index.ts";
import { readSegment } from "../../src/protocol/segment/segment.ts";
import { bytesOf, concat, utf8 } from "./arbitraries.ts";
import { INCARNATION, intact, problemOf, TYPES, written, type Mistakes } from "./segments.ts";

const PAYLOAD = utf8('1,22,"x"');
const INDEX: SegmentIndex = {
  stream: "default/rooms/42",
  incarnation: INCARNATION,
  contentType: TYPES.json,
  checksums: await sha256(PAYLOAD),
  runs: [
    { messages: 2, appendedAtMs: 1000 },
    { messages: 1, appendedAtMs: 2000 },
  ],
  sizes: [1, 2, 3],
};
const NUMBERS = encodeNumbers([2, 1000, 1, 2000, 1, 2, 3]);

/** What a reader says of a segment by a writer with these mistakes. Every checksum in it is right. */
async function problem(mistakes: Mistakes): Promise<string | undefined> {
  return problemOf(await written(PAYLOAD, INDEX, mistakes));
}

/** The right index with other bytes for its numbers. */
function withNumbers(numbers: Uint8Array): Mistakes {
  return { indexBytes: (right) => concat([right.subarray(0, right.byteLength - NUMBERS.byteLength), numbers]) };
}

/** The right index with other bytes for its descriptor. */
function withDescriptor(descriptor: Uint8Array): Mistakes {
  return {
    indexBytes: (right) => {
      const length = new DataView(right.buffer).getUint32(0);
      const bytes = concat([bytesOf(0, 0, 0, 0), descriptor, right.subarray(4 + length)]);
      new DataView(bytes.buffer).setUint32(0, descriptor.byteLength);
      return bytes;
    },
  };
}

describe("segment: contradictions, which only a wrong writer makes", () => {
  test("segment: without a mistake there is none", async () => {
    expect(await problem({})).toBeUndefined();
    expect(await problem(withNumbers(NUMBERS))).toBeUndefined();
  });

  test.each<[string, Mistakes, RegExp]>([
    ["sizes too small", { index: { sizes: [1, 1, 3] } }, /^its messages come to 7 bytes, and its payload has 8$/],
    [
      "sizes too large",
      { index: { sizes: [1, 2, 2 ** 53 - 1] } },
      /^its messages come to \d+ bytes, and its payload has 8$/,
    ],
    ["sizes that divide in the wrong place", { index: { sizes: [2, 1, 3] } }, /^no comma follows its message 0$/],
    ["a size in the wrong place at the end", { index: { sizes: [1, 3, 2] } }, /^no comma follows its message 1$/],
    ["a message too few", { index: { sizes: [1, 2] } }, /^its index has 6 numbers for 2 runs and 3 messages$/],
    ["a message too many", { index: { sizes: [1, 2, 1, 1] } }, /^its index has 8 numbers for 2 runs and 3 messages$/],
    ["a run too few", { index: { runs: [{ messages: 3, appendedAtMs: 0 }] } }, /^its index has 5 numbers for 2 runs/],
  ])("segment: %s", async (_name, mistakes, expected) => {
    expect(await problem(mistakes)).toMatch(expected);
  });

  test.each<[string, [number, number][], RegExp]>([
    [
      "runs of fewer messages",
      [
        [1, 0],
        [1, 0],
      ],
      /^its runs come to 2 messages, and it has 3$/,
    ],
    [
      "runs of more messages",
      [
        [2, 0],
        [2 ** 40, 0],
      ],
      /^its runs come to 1099511627778 messages, and it has 3$/,
    ],
    [
      "a run without messages",
      [
        [0, 0],
        [3, 0],
      ],
      /^its run 0 has no messages$/,
    ],
    [
      "a time past all dates",
      [
        [2, 0],
        [1, 8_640_000_000_000_001],
      ],
      /^its run 1 was appended 8640000000000001 ms after 1970/,
    ],
  ])("segment: %s", async (_name, runs, expected) => {
    expect(
      await problem({ index: { runs: runs.map(([messages, appendedAtMs]) => ({ messages, appendedAtMs })) } }),
    ).toMatch(expected);
  });

  test.each<[string, Mistakes["footer"], RegExp]>([
    ["an end before the start", { start: 3, end: 0 }, /^it goes from 3 to 0, and holds 3 positions$/],
    ["an end too far", { start: 3, end: 7 }, /^it goes from 3 to 7, and holds 3 positions$/],
    ["an end too near", { start: 3, end: 5 }, /^it goes from 3 to 5, and holds 3 positions$/],
    ["an index of no bytes", { indexBytes: 0 }, /^it has \d+ bytes, and its footer says \d+$/],
    ["an index of 4 GiB", { indexBytes: 2 ** 32 - 1 }, /^it has \d+ bytes, and its footer says \d+$/],
    ["an empty payload", { payloadBytes: 0 }, /^it has \d+ bytes, and its footer says \d+$/],
    ["a payload of 2^53 - 1 bytes", { payloadBytes: 2 ** 53 - 1 }, /^it has \d+ bytes, and its footer says \d+$/],
    ["blocks of no length", { blockBytes: 0 }, /^its blocks have 0 bytes, and the shortest allowed have 4096$/],
    ["blocks of one byte", { blockBytes: 1 }, /^its blocks have 1 bytes/],
    ["blocks just too short", { blockBytes: BLOCK_MIN_BYTES - 1 }, /^its blocks have 4095 bytes/],
    ["more messages than any segment has", { messages: 2 ** 32 - 1 }, /^its footer counts 4294967295 messages/],
    ["more runs than messages", { runs: 4 }, /^its footer counts 4 runs of 3 messages$/],
    ["no runs", { runs: 0 }, /^its index has 7 numbers for 0 runs and 3 messages$/],
    [
      "another index's checksum",
      { indexChecksum: new Uint8Array(32) },
      /^its index does not have the checksum that its footer says$/,
    ],
  ])("segment: %s", async (_name, footer, expected) => {
    expect(await problem({ footer: { ...footer } })).toMatch(expected);
  });

  test("segment: the longest blocks that a footer can say are one block", async () => {
    expect(await problem({ footer: { blockBytes: 2 ** 32 - 1 } })).toBeUndefined();
  });

  test.each([16, 24, 32])("segment: a number past 2^53 - 1 at byte %d of the footer", async (at) => {
    for (const number of [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const footerFacts = (view: DataView) => view.setBigUint64(at, number);
      expect(await problem({ footerFacts })).toBe("its footer has numbers past 2^53 - 1");
    }
  });

  test("segment: bytes of the footer that mean nothing in this version", async () => {
    const expected = "its footer says something that this version of the format does not know";
    for (const at of [52, 53, 54, 55]) {
      expect(await problem({ footerFacts: (view) => view.setUint8(at, 1) })).toBe(expected);
    }
  });

  test("segment: numbers that are broken off, longer than need be, or past 2^53 - 1", async () => {
    const expected = "its index has numbers past 2^53 - 1, broken off, or longer than they need be";
    const before = NUMBERS.subarray(0, NUMBERS.byteLength - 1);
    const past = bytesOf(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    const endless = new Uint8Array(2000).fill(0xff);
    for (const last of [[bytesOf(3), bytesOf(0x80)], [bytesOf(0x83, 0x00)], [past], [endless, bytesOf(0x7f)]]) {
      expect(await problem(withNumbers(concat([before, ...last])))).toBe(expected);
    }
  });

  test("segment: checksums that are missing or too many", async () => {
    expect(await problem({ index: { checksums: bytesOf() } })).toMatch(/^its index/);
    expect(await problem({ index: { checksums: new Uint8Array(64) } })).toMatch(/^its index has \d+ numbers/);
    expect(await problem({ index: { checksums: new Uint8Array(32) } })).toMatch(/^its payload is not what was sealed/);
  });

  test("segment: an index that is cut off anywhere", async () => {
    const { byteLength } = await indexOf();
    for (let length = 0; length < byteLength; length++) {
      expect(await problem({ indexBytes: (right) => right.subarray(0, length) }), `${length} bytes`).toMatch(
        /^its index/,
      );
    }
  });

  test("segment: a descriptor whose length is absurd", async () => {
    for (const length of [2 ** 32 - 1, 2 ** 31, 100_000]) {
      const indexBytes = (right: Uint8Array) => {
        new DataView(right.buffer).setUint32(0, length);
        return right;
      };
      expect(await problem({ indexBytes })).toBe("its index is shorter than the footer says");
    }
  });
});

/** The right index as bytes. */
async function indexOf(): Promise<Uint8Array> {
  let bytes = bytesOf();
  await written(PAYLOAD, INDEX, { indexBytes: (right) => (bytes = right) });
  return bytes;
}

describe("segment: the descriptor", () => {
  const facts = { stream: "default/a", incarnation: INCARNATION, contentType: TYPES.json };

  test("segment: members that this version does not know are passed over", async () => {
    const object = await written(PAYLOAD, INDEX, withDescriptor(utf8(JSON.stringify({ later: [1], ...facts }))));
    expect(await intact(object)).toMatchObject(facts);
  });

  test.each([
    "",
    "null",
    "[]",
    '"x"',
    "{}",
    "{",
    JSON.stringify({ ...facts, stream: 1 }),
    JSON.stringify({ ...facts, incarnation: null }),
    JSON.stringify({ stream: "default/a", incarnation: INCARNATION }),
    `\ufeff${JSON.stringify(facts)}`,
  ])("segment: %j does not name a stream", async (descriptor) => {
    expect(await problem(withDescriptor(utf8(descriptor)))).toBe("its index does not name the stream it belongs to");
  });

  test("segment: bytes that are not UTF-8 do not name a stream", async () => {
    const [before = "", after = ""] = JSON.stringify(facts).split("default/a");
    const descriptor = concat([utf8(before), bytesOf(0xff), utf8(after)]);
    expect(await problem(withDescriptor(descriptor))).toBe("its index does not name the stream it belongs to");
  });
});

describe("segment: a hostile writer costs no more than the length of what it wrote", () => {
  test("segment: any counts in a footer end in an answer", async () => {
    const count = fc.oneof(fc.nat(10), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1));
    const footer = fc.record(
      {
        messages: count,
        runs: count,
        blockBytes: count,
        indexBytes: count,
        payloadBytes: fc.maxSafeInteger(),
        start: count,
        end: count,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(footer, fc.uint8Array({ maxLength: 64 }), async (counts, numbers) => {
        const reading = await readSegment(await written(PAYLOAD, INDEX, { ...withNumbers(numbers), footer: counts }));
        expect(["segment", "damaged"]).toContain(reading.kind);
      }),
      { numRuns: 500 },
    );
  });

  test("segment: numbers that the footer does not announce are counted and not made", async () => {
    const zeros = (right: Uint8Array) => joinPayloads("binary", [right, new Uint8Array(20_000_000)]);
    const object = await written(PAYLOAD, INDEX, { indexBytes: zeros });
    const before = process.memoryUsage().heapUsed;
    expect(await problemOf(object)).toMatch(/^its index has 20000007 numbers for 2 runs and 3 messages$/);
    // As a list they would take 160 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  test("segment: messages past the bound are refused before the index is looked at", async () => {
    const footer = { messages: SEGMENT_MESSAGES_BOUND + 1, runs: 2, indexChecksum: new Uint8Array(32) };
    expect(await problem({ footer })).toBe("its footer counts 1048577 messages, and a segment has at most 1048576");
  });

  test("segment: a payload in the shortest blocks is read", async () => {
    const payload = new Uint8Array(2 * BLOCK_MIN_BYTES + 1);
    const pieces = [0, 1, 2].map((i) => payload.subarray(i * BLOCK_MIN_BYTES, (i + 1) * BLOCK_MIN_BYTES));
    const index: SegmentIndex = {
      ...INDEX,
      contentType: TYPES.binary,
      checksums: concat(await Promise.all(pieces.map(sha256))),
      runs: [{ messages: 1, appendedAtMs: 0 }],
      sizes: [payload.byteLength],
    };
    const footer = { blockBytes: BLOCK_MIN_BYTES, end: payload.byteLength };
    expect((await intact(await written(payload, index, { footer }))).bytes).toBe(payload.byteLength);
  });

  test("segment: the bounds of a reader are wider than anything the server seals", () => {
    // The smallest JSON message takes a byte, a comma and a size in its row, and a segment is whole rows.
    expect(SEGMENT_MESSAGES_BOUND).toBeGreaterThan(Math.max(SEGMENT_MESSAGES_LIMIT, ROW_MAX_BYTES / 3));
    expect(SEGMENT_BLOCK_BYTES).toBeGreaterThanOrEqual(BLOCK_MIN_BYTES);
    expect(SEGMENT_BYTES_LIMIT % SEGMENT_BLOCK_BYTES).toBe(0);
  });

  test("segment: as many messages as the bound allows are read", async () => {
    const payload = new Uint8Array(SEGMENT_MESSAGES_BOUND);
    const sizes = Array.from({ length: SEGMENT_MESSAGES_BOUND }, () => 1);
    const runs = [{ messages: SEGMENT_MESSAGES_BOUND, appendedAtMs: 0 }];
    const checksums = await blockChecksums(payload);
    const index = { ...INDEX, contentType: TYPES.binary, checksums, runs, sizes };
    const footer = { blockBytes: SEGMENT_BLOCK_BYTES };
    expect((await intact(await written(payload, index, { footer }))).messages).toBe(SEGMENT_MESSAGES_BOUND);
  });
});
