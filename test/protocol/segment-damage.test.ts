import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { FOOTER_BYTES, SEGMENT_VERSION } from "../../src/protocol/segment/footer.ts";
import { encodeSegment } from "../../src/protocol/segment/segment.ts";
import { concat, utf8 } from "./arbitraries.ts";
import { anyExample, contentOf, objectOf, problemOf, runOf } from "./segments.ts";

/** A small segment of each kind: two runs, three messages. */
const SMALL = [
  contentOf("json", [runOf("json", [utf8('{"a":1}'), utf8("2")]), runOf("json", [utf8('"é"')])], 2 ** 33),
  contentOf("text", [runOf("text", [utf8("one"), utf8("")]), runOf("text", [utf8("two\n")])]),
];

describe("segment: any byte that changed is noticed", () => {
  test("segment: every single flipped bit of a small object is noticed", async () => {
    for (const content of SMALL) {
      const object = await objectOf(content);
      for (let at = 0; at < object.byteLength; at++) {
        for (let bit = 1; bit < 0x100; bit *= 2) {
          const damaged = object.slice();
          damaged[at] = (damaged[at] ?? 0) ^ bit;
          expect(await problemOf(damaged), `bit ${bit} of byte ${at}`).toBeDefined();
        }
      }
    }
  });

  test("segment: every byte of a small object that became 0x00 or 0xff is noticed", async () => {
    for (const content of SMALL) {
      const object = await objectOf(content);
      for (let at = 0; at < object.byteLength; at++) {
        for (const value of [0x00, 0xff]) {
          if (object[at] === value) continue;
          const damaged = object.slice();
          damaged[at] = value;
          expect(await problemOf(damaged), `byte ${at} as ${value}`).toBeDefined();
        }
      }
    }
  });

  test("segment: what changed in a payload of several blocks is told by the block it is in", async () => {
    const payload = new Uint8Array(2 * SEGMENT_BLOCK_BYTES + 10).fill(0x61);
    const { object, payloadBytes } = await encodeSegment(contentOf("binary", [runOf("binary", [payload])]));
    const places = [
      [0, "0 to 524288"],
      [SEGMENT_BLOCK_BYTES - 1, "0 to 524288"],
      [SEGMENT_BLOCK_BYTES, "524288 to 1048576"],
      [2 * SEGMENT_BLOCK_BYTES, "1048576 to 1048586"],
      [payloadBytes - 1, "1048576 to 1048586"],
    ] as const;
    for (const [at, stretch] of places) {
      const damaged = object.slice();
      damaged[at] = 0x62;
      expect(await problemOf(damaged)).toBe(
        `its payload is not what was sealed: bytes ${stretch} do not have their checksum`,
      );
    }
  });

  test("segment: two blocks that changed places are noticed", async () => {
    const blocks = [0x61, 0x62].map((byte) => new Uint8Array(SEGMENT_BLOCK_BYTES).fill(byte));
    const object = await objectOf(contentOf("binary", [runOf("binary", blocks)]));
    const [first = object, second = object] = blocks;
    const swapped = concat([second, first, object.subarray(2 * SEGMENT_BLOCK_BYTES)]);
    expect(await problemOf(object)).toBeUndefined();
    expect(await problemOf(swapped)).toMatch(/^its payload is not what was sealed/);
  });
});

describe("segment: an object of another length is noticed", () => {
  test("segment: every truncation of a small object is noticed, at its end and at its beginning", async () => {
    for (const content of SMALL) {
      const object = await objectOf(content);
      for (let cut = 1; cut <= object.byteLength; cut++) {
        expect(await problemOf(object.subarray(0, object.byteLength - cut)), `without the last ${cut}`).toBeDefined();
        expect(await problemOf(object.subarray(cut)), `without the first ${cut}`).toBeDefined();
      }
    }
  });

  test("segment: every extension is noticed, at its end, at its beginning and inside", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyExample,
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        async (example, more, at) => {
          const object = await objectOf(example.content);
          const place = at % object.byteLength;
          expect(await problemOf(concat([object, more]))).toBeDefined();
          expect(await problemOf(concat([more, object]))).toBeDefined();
          expect(await problemOf(concat([object.subarray(0, place), more, object.subarray(place)]))).toBeDefined();
        },
      ),
      { numRuns: 200 },
    );
  });

  test("segment: one object after another is neither of them", async () => {
    const [json, text] = await Promise.all(SMALL.map(objectOf));
    if (json === undefined || text === undefined) throw new Error("there are two");
    expect(await problemOf(concat([json, text]))).toMatch(/^it has \d+ bytes, and its footer says \d+$/);
    expect(await problemOf(concat([json, json]))).toMatch(/^it has \d+ bytes, and its footer says \d+$/);
  });

  test("segment: a stretch that is missing, twice there, or elsewhere is noticed", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, fc.nat(), fc.nat(), fc.nat(), async ({ content }, from, length, to) => {
        const object = await objectOf(content);
        const first = from % object.byteLength;
        const stretch = object.subarray(first, first + 1 + (length % 64));
        const rest = concat([object.subarray(0, first), object.subarray(first + stretch.byteLength)]);
        const place = to % (rest.byteLength + 1);
        const moved = concat([rest.subarray(0, place), stretch, rest.subarray(place)]);
        expect(await problemOf(rest)).toBeDefined();
        expect(await problemOf(concat([object.subarray(0, first), stretch, object.subarray(first)]))).toBeDefined();
        if (Buffer.compare(moved, object) !== 0) expect(await problemOf(moved)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  test("segment: halves that changed places are noticed", async () => {
    await fc.assert(
      fc.asyncProperty(anyExample, async ({ content }) => {
        const object = await objectOf(content);
        const half = Math.floor(object.byteLength / 2);
        expect(await problemOf(concat([object.subarray(half), object.subarray(0, half)]))).toBeDefined();
      }),
    );
  });

  test("segment: parts of two segments do not make one, even when both are of the same lengths", async () => {
    const make = (text: string) => encodeSegment(contentOf("text", [runOf("text", [utf8(text)])]));
    const [one, other] = await Promise.all([make("one"), make("two")]);
    const footerAt = one.object.byteLength - FOOTER_BYTES;
    expect(other.object.byteLength).toBe(one.object.byteLength);
    for (const at of [one.payloadBytes, footerAt, footerAt + 56, footerAt + 88]) {
      expect(await problemOf(concat([one.object.subarray(0, at), other.object.subarray(at)]))).toBeDefined();
    }
  });
});

describe("segment: something else is not taken for a segment", () => {
  test("segment: random bytes are damaged, and never an exception", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1000, size: "max" }), async (bytes) => {
        expect(await problemOf(bytes)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  test("segment: random bytes that end in the magic and the version are damaged, and never an exception", async () => {
    const footer = fc.uint8Array({ minLength: FOOTER_BYTES - 12, maxLength: FOOTER_BYTES - 12 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), footer, async (before, facts) => {
        const object = concat([before, utf8("DSTRMSEG"), Uint8Array.of(0, 0, 0, SEGMENT_VERSION), facts]);
        expect(await problemOf(object)).toBe("its footer does not have the checksum that it says");
      }),
      { numRuns: 200 },
    );
  });

  test("segment: nothing at all is told by its length", async () => {
    expect(await problemOf(new Uint8Array(0))).toBe("it has 0 bytes, and the shortest segment has more");
    expect(await problemOf(new Uint8Array(FOOTER_BYTES - 1))).toMatch(/^it has 119 bytes/);
    expect(await problemOf(new Uint8Array(FOOTER_BYTES))).toMatch(/^it does not end like a segment/);
  });

  test.each([0, 2, 256, 2 ** 32 - 1])(
    "segment: version %d is named, and nothing more is read of it",
    async (version) => {
      const object = await objectOf(contentOf("json", [runOf("json", [utf8("1")])]));
      new DataView(object.buffer).setUint32(object.byteLength - FOOTER_BYTES + 8, version);
      expect(await problemOf(object)).toBe(
        `it is written in version ${version} of the format, and this code reads version 1`,
      );
    },
  );
});
