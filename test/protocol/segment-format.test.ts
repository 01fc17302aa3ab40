import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { decodeNumbers } from "../../src/protocol/numbers.ts";
import { BLOCK_MIN_BYTES, FOOTER_BYTES, SEGMENT_MESSAGES_BOUND } from "../../src/protocol/segment/footer.ts";
import { segmentKey, segmentPrefix } from "../../src/protocol/segment/key.ts";
import type { SegmentContent } from "../../src/protocol/segment/segment.ts";
import { bytesOf, textOf, utf8 } from "./arbitraries.ts";
import { contentOf, INCARNATION, intact, objectOf, runOf } from "./segments.ts";

/** That `docs/segment-format.md` says what the code does: everything here is read out of the document. */

const DOCUMENT = readFileSync(new URL("../../docs/segment-format.md", import.meta.url), "utf8");

/** What the document's example is an example of. */
const EXAMPLE: SegmentContent = {
  stream: "default/rooms/42",
  incarnation: INCARNATION,
  contentType: "application/json",
  start: 7,
  runs: [
    runOf("json", [utf8('{"n":1}'), utf8('{"n":2}')], 1_750_000_000_000),
    runOf("json", [utf8('"hi"')], 1_750_000_000_250),
  ],
};

function section(title: string): string {
  const text = DOCUMENT.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (text === undefined) throw new Error(`The document has no section ${title}`);
  return text;
}

function fenced(title: string, language: string): string {
  const block = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(section(title))?.[1];
  if (block === undefined) throw new Error(`The section ${title} has no block of ${language}`);
  return block;
}

/** The rows of a section's table, as the text of their cells. */
function rows(title: string): string[][] {
  const lines = section(title)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** The bytes of a dump by `xxd -g 2`. */
function undump(dump: string): Uint8Array {
  const lines = dump.trimEnd().split("\n");
  return Uint8Array.from(lines.flatMap((line) => [...Buffer.from(line.slice(10, 49).replaceAll(" ", ""), "hex")]));
}

interface Field {
  readonly offset: number;
  readonly length: number;
  readonly name: string;
}

const FOOTER: Field[] = rows("Footer").map(([offset, length, name = ""]) => ({
  offset: Number(offset),
  length: Number(length),
  name,
}));

/** A field of an object's footer, found as the document says. */
function field(object: Uint8Array, name: string): Uint8Array {
  const found = FOOTER.find((one) => one.name === name);
  if (found === undefined) throw new Error(`The document has no field ${name}`);
  return object.subarray(object.byteLength - 120 + found.offset).subarray(0, found.length);
}

function numberOf(bytes: Uint8Array): number {
  return Number(`0x${Buffer.from(bytes).toString("hex")}`);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(bytes).digest());
}

describe("segment format: the footer's table", () => {
  test("segment format: its fields follow each other without a gap and fill the footer", () => {
    let at = 0;
    for (const { offset, length, name } of FOOTER) {
      expect(offset, name).toBe(at);
      at += length;
    }
    expect(at).toBe(FOOTER_BYTES);
    expect(at).toBe(120);
  });

  test("segment format: what it says is found where it says", async () => {
    const object = await objectOf({ ...EXAMPLE, start: 2 ** 40 });
    expect(textOf(field(object, "magic"))).toBe("DSTRMSEG");
    const numbers = ["version", "block length", "start", "end", "payload length", "messages", "runs", "reserved"];
    expect(numbers.map((name) => numberOf(field(object, name)))).toEqual([
      1,
      524_288,
      2 ** 40,
      2 ** 40 + 3,
      20,
      3,
      2,
      0,
    ]);
    const index = object.subarray(20, 20 + numberOf(field(object, "index length")));
    expect(index.byteLength).toBe(object.byteLength - 20 - 120);
    expect(field(object, "index checksum")).toEqual(sha256(index));
    expect(field(object, "footer checksum")).toEqual(sha256(object.subarray(-120, -32)));
  });

  test("segment format: the bounds that it names are those of the reader", () => {
    const said = (name: string) => rows("Footer").find((row) => row[2] === name)?.[3];
    expect(said("block length")).toBe(`at least ${BLOCK_MIN_BYTES.toLocaleString("en")}`);
    expect(said("messages")).toBe(`how many the segment has, at most ${SEGMENT_MESSAGES_BOUND.toLocaleString("en")}`);
    expect(section("Payload")).toContain(`blocks of ${SEGMENT_BLOCK_BYTES.toLocaleString("en")} bytes`);
  });
});

describe("segment format: the example", () => {
  const dump = undump(fenced("An example", "xxd"));
  const parts = rows("An example").map(([bytes = "", what, value]) => {
    const [from = Number.NaN, last = Number.NaN] = bytes.split("-").map((end) => Number.parseInt(end, 16));
    return { from, to: last + 1, what, value };
  });
  const part = (what: string) => {
    const found = parts.find((one) => one.what === what);
    return dump.subarray(found?.from, found?.to);
  };

  test("segment format: the code writes these bytes", async () => {
    expect(Buffer.from(await objectOf(EXAMPLE)).toString("hex")).toBe(Buffer.from(dump).toString("hex"));
  });

  test("segment format: the code reads these bytes", async () => {
    expect(await intact(dump)).toMatchObject({ stream: EXAMPLE.stream, start: 7, end: 10, messages: 3, bytes: 20 });
  });

  test("segment format: its parts follow each other without a gap and are all of it", () => {
    let at = 0;
    for (const { from, to, what } of parts) {
      expect(from, what).toBe(at);
      at = to;
    }
    expect(at).toBe(dump.byteLength);
  });

  test("segment format: its parts have the values beside them", () => {
    const numbers = parts.filter(({ value = "" }) => /^\d+$/.test(value));
    expect(numbers).toHaveLength(10);
    for (const { from, to, what, value } of numbers) {
      expect(numberOf(dump.subarray(from, to)), what).toBe(Number(value));
    }
    expect(textOf(part("payload"))).toBe('{"n":1},{"n":2},"hi"');
    expect(JSON.parse(textOf(part("descriptor")))).toEqual({
      stream: EXAMPLE.stream,
      incarnation: INCARNATION,
      contentType: "application/json",
    });
    expect(part("checksum of block 0")).toEqual(sha256(part("payload")));
    expect(decodeNumbers(part("run 0"))).toEqual([2, 1_750_000_000_000]);
    expect(decodeNumbers(part("run 1"))).toEqual([1, 1_750_000_000_250]);
    expect(decodeNumbers(part("sizes"))).toEqual([7, 7, 4]);
    expect(part("index checksum")).toEqual(sha256(dump.subarray(0x14, 0xbc)));
    expect(part("footer checksum")).toEqual(sha256(dump.subarray(0xbc, 0x114)));
  });

  test("segment format: its key is the one that it says", async () => {
    const key = segmentKey(await segmentPrefix(EXAMPLE.stream, INCARNATION), 7, 10, "0a1b2c3d");
    expect(section("An example")).toContain(`Its key is \`${key}\`.`);
  });

  test("segment format: the numbers that it shows are written as it shows them", () => {
    expect(section("Index")).toContain("127 is `7f`, 128 is `80 01`, 300 is `ac 02`");
    expect(decodeNumbers(bytesOf(0x7f, 0x80, 0x01, 0xac, 0x02))).toEqual([127, 128, 300]);
  });
});

describe("segment format: the check by hand", () => {
  const folder = mkdtempSync(join(tmpdir(), "segment-format-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const script = join(folder, "check.sh");
  writeFileSync(script, fenced("Checking a segment by hand", "sh"));

  /** The lines that the script prints of an object. */
  function check(object: Uint8Array): string[] {
    const file = join(folder, "object.seg");
    writeFileSync(file, object);
    try {
      return execFileSync("sh", [script, file], { encoding: "utf8", stdio: "pipe" }).trim().split("\n");
    } catch (error) {
      return (error as { stdout: string }).stdout.trim().split("\n");
    }
  }

  const beforePayload = ["magic: ok", "version: ok", "footer: ok", "length: ok", "index: ok"];

  test("segment format: it finds the example whole", async () => {
    expect(check(await objectOf(EXAMPLE))).toEqual([...beforePayload, "payload from 0: ok"]);
  });

  test("segment format: it checks every block of a payload, and finds the one that changed", async () => {
    const payload = new Uint8Array(2 * SEGMENT_BLOCK_BYTES + 1);
    const object = await objectOf(contentOf("binary", [runOf("binary", [payload])], 2 ** 33));
    const [first, second, third] = ["payload from 0", "payload from 524288", "payload from 1048576"];
    expect(check(object)).toEqual([...beforePayload, `${first}: ok`, `${second}: ok`, `${third}: ok`]);
    object[SEGMENT_BLOCK_BYTES] = 1;
    expect(check(object)).toEqual([...beforePayload, `${first}: ok`, `${second}: DAMAGED`]);
  });

  test("segment format: it finds damage in every part of the example", async () => {
    const object = await objectOf(EXAMPLE);
    const places = [
      [3, "payload from 0"],
      [0x20, "index"],
      [0x90, "index"],
      [0xbc, "magic"],
      [0xc7, "version"],
      [0xe3, "footer"],
      [0x120, "footer"],
    ] as const;
    for (const [at, part] of places) {
      const damaged = object.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(check(damaged).at(-1)).toBe(`${part}: DAMAGED`);
    }
    expect(check(object.subarray(1)).at(-1)).toBe("length: DAMAGED");
    expect(check(object.subarray(0, -1)).at(-1)).toBe("magic: DAMAGED");
  });
});
