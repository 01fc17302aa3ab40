import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { ROW_MAX_BYTES, SEGMENT_BLOCK_BYTES, SEGMENT_BYTES_LIMIT } from "../../src/protocol/limits.ts";
import { encodeSegment, segmentMessages, type SegmentContent } from "../../src/protocol/segment/segment.ts";
import { bytesOf, concat, textOf, utf8 } from "./arbitraries.ts";
import { anyExample, contentOf, intact, objectOf, runOf, start, type Example } from "./segments.ts";

/** Where each message starts and when it was appended, by the rule of positions rather than by the code. */
function expectedMessages({ kind, messages, content }: Example) {
  let position = content.start;
  return messages.flatMap((run, i) =>
    run.map((message) => {
      const at = position;
      position += kind === "json" ? 1 : message.byteLength;
      return { position: at, message, appendedAtMs: content.runs[i]?.appendedAtMs };
    }),
  );
}

/** Bytes without a pattern that a swap of two stretches would leave as it was. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

/** A JSON string of so many bytes. */
function jsonOf(bytes: number): Uint8Array {
  return utf8(`"${"x".repeat(bytes - 2)}"`);
}

async function expectRoundTrip(kind: ContentKind, messages: readonly (readonly Uint8Array[])[]): Promise<void> {
  const content = contentOf(
    kind,
    messages.map((run) => runOf(kind, run)),
  );
  const segment = await intact(await objectOf(content));
  const found = [...segmentMessages(segment)];
  expect(found.map(({ message }) => message.byteLength)).toEqual(messages.flat().map((message) => message.byteLength));
  for (const [i, message] of messages.flat().entries()) {
    // Deep equality of megabytes takes minutes.
    expect(Buffer.compare(found[i]?.message ?? bytesOf(), message)).toBe(0);
  }
}

describe("segment: what was sealed comes back", () => {
  test("segment: every message comes back verbatim, at its position, with the time of its append", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, async (example) => {
        const segment = await intact(await objectOf(example.content));
        expect([...segmentMessages(segment)]).toEqual(expectedMessages(example));
      }),
      { numRuns: 300 },
    );
  });

  test("segment: it says whose it is, where it lies, and how much it holds", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, async ({ kind, messages, content }) => {
        const { runs, ...facts } = content;
        const count = messages.flat().length;
        const encoded = await encodeSegment(content);
        const segment = await intact(encoded.object);
        expect(segment).toMatchObject(facts);
        expect(segment.messages).toBe(count);
        expect(segment.bytes).toBe(segment.payload.byteLength);
        expect(segment.end).toBe(content.start + (kind === "json" ? count : segment.bytes));
        expect(segment.runs).toEqual(
          runs.map((run) => ({ messages: run.sizes.length, appendedAtMs: run.appendedAtMs })),
        );
        const { end, payloadBytes, sizes } = encoded;
        expect({ end, payloadBytes, sizes }).toEqual({
          end: segment.end,
          payloadBytes: segment.bytes,
          sizes: segment.sizes,
        });
      }),
      { numRuns: 200 },
    );
  });

  test("segment: the object begins with the payload as readers get it: JSON joined by commas, all else by nothing", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, async ({ kind, messages, content }) => {
        const { object, payloadBytes } = await encodeSegment(content);
        const separated = messages
          .flat()
          .flatMap((message, i) => (i > 0 && kind === "json" ? [utf8(","), message] : [message]));
        expect(object.subarray(0, payloadBytes)).toEqual(concat(separated));
      }),
      { numRuns: 200 },
    );
  });

  test("segment: the same content gives the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, async ({ content }) => {
        const again: SegmentContent = {
          runs: content.runs.map((run) => ({ ...run, payload: run.payload.slice(), sizes: [...run.sizes] })),
          start: content.start,
          contentType: content.contentType,
          incarnation: content.incarnation,
          stream: content.stream,
        };
        expect(await objectOf(again)).toEqual(await objectOf(content));
      }),
      { numRuns: 200 },
    );
  });

  test("segment: content that differs in anything gives other bytes", async () => {
    const content = contentOf("text", [runOf("text", [utf8("ab"), utf8("c")], 5)], 9);
    const others: SegmentContent[] = [
      { ...content, stream: "default/rooms/43" },
      { ...content, incarnation: "x" },
      { ...content, contentType: "text/html" },
      { ...content, start: 8 },
      { ...content, runs: [runOf("text", [utf8("ab"), utf8("d")], 5)] },
      { ...content, runs: [runOf("text", [utf8("a"), utf8("bc")], 5)] },
      { ...content, runs: [runOf("text", [utf8("ab"), utf8("c")], 6)] },
      { ...content, runs: [runOf("text", [utf8("ab")], 5), runOf("text", [utf8("c")], 5)] },
    ];
    const objects = await Promise.all([content, ...others].map(objectOf));
    expect(new Set(objects.map((object) => Buffer.from(object).toString("hex"))).size).toBe(9);
  });

  test("segment: it may be read where it lies in a larger buffer", async () => {
    const object = await objectOf(contentOf("json", [runOf("json", [utf8("1"), utf8("2")])], 3));
    const larger = concat([bytesOf(1, 2, 3), object, bytesOf(4)]);
    const segment = await intact(larger.subarray(3, 3 + object.byteLength));
    expect(textOf(segment.payload)).toBe("1,2");
  });

  test("segment: one without messages is whole", async () => {
    const segment = await intact(await objectOf(contentOf("json", [], 7)));
    expect(segment).toMatchObject({ start: 7, end: 7, messages: 0, bytes: 0 });
    expect([...segmentMessages(segment)]).toEqual([]);
  });
});

describe("segment: positions", () => {
  test("segment: they are whole up to 2^53 - 1", async () => {
    await fc.assert(
      fc.asyncProperty(start, async (from) => {
        const segment = await intact(
          await objectOf(contentOf("binary", [runOf("binary", [bytesOf(1, 2), bytesOf(3)])], from)),
        );
        expect([...segmentMessages(segment)].map(({ position }) => position)).toEqual([from, from + 2]);
        expect(segment.end).toBe(from + 3);
      }),
    );
    const last = await intact(
      await objectOf(contentOf("json", [runOf("json", [utf8("1")])], Number.MAX_SAFE_INTEGER - 1)),
    );
    expect(last.end).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("segment: none is made that would pass 2^53 - 1", async () => {
    const past = contentOf("json", [runOf("json", [utf8("1")])], Number.MAX_SAFE_INTEGER);
    await expect(encodeSegment(past)).rejects.toThrow(/2\^53/);
  });
});

describe("segment: large content", () => {
  test.each<ContentKind>(["json", "text", "binary"])("segment: values of 1.9 MB of %s come back", async (kind) => {
    const value = kind === "json" ? jsonOf(ROW_MAX_BYTES) : noise(ROW_MAX_BYTES);
    await expectRoundTrip(kind, [[value], [value, kind === "json" ? utf8("0") : bytesOf(0)], [value]]);
  });

  test("segment: a message larger than several blocks comes back, whichever way it meets their boundaries", async () => {
    for (const length of [3 * SEGMENT_BLOCK_BYTES - 1, 3 * SEGMENT_BLOCK_BYTES, 3 * SEGMENT_BLOCK_BYTES + 1]) {
      await expectRoundTrip("binary", [[noise(length)]]);
      await expectRoundTrip("binary", [[noise(7), noise(length)], [noise(5)]]);
      await expectRoundTrip("json", [[utf8("1")], [jsonOf(length), utf8("2")]]);
    }
  });

  test("segment: a payload of the largest size comes back", async () => {
    await expectRoundTrip("json", [[jsonOf(SEGMENT_BYTES_LIMIT)]]);
    await expectRoundTrip(
      "binary",
      Array.from({ length: 8 }, () => [noise(SEGMENT_BYTES_LIMIT / 8)]),
    );
  });

  test("segment: a hundred thousand messages come back", async () => {
    const messages = Array.from({ length: 100_000 }, (_, i) => utf8(String(i)));
    const object = await objectOf(
      contentOf(
        "json",
        messages.map((message) => runOf("json", [message])),
      ),
    );
    const segment = await intact(object);
    expect(JSON.parse(`[${textOf(segment.payload)}]`)).toEqual(messages.map((_, i) => i));
    expect(segment.runs).toHaveLength(100_000);
  });
});

test("segment: one whose content contradicts itself is not written", async () => {
  const run = runOf("json", [utf8("1"), utf8("22")]);
  const wrong: [SegmentContent, RegExp][] = [
    [contentOf("json", [{ ...run, sizes: [1] }]), /messages come to 1 bytes, and its payload has 4/],
    [contentOf("json", [{ ...run, sizes: [2, 1] }]), /no comma follows its message 0/],
    [contentOf("json", [run, runOf("json", [])]), /messages come to 4 bytes, and its payload has 5/],
    [contentOf("text", [runOf("text", [utf8("a"), utf8("b")]), runOf("text", [])]), /run 1 has no messages/],
    [contentOf("json", [{ ...run, appendedAtMs: Number.POSITIVE_INFINITY }]), /Infinity ms/],
    [contentOf("json", [{ ...run, appendedAtMs: -1 }]), /-1 ms/],
    [contentOf("json", [{ ...run, appendedAtMs: 1.5 }]), /1\.5 ms/],
  ];
  for (const [content, problem] of wrong) await expect(encodeSegment(content)).rejects.toThrow(problem);
});
