import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BLOCK_BYTES,
  LINE_MAX_BYTES,
  RowCutter,
  rowShape,
  type CutRow,
  type RowShape,
} from "../../../src/cli/inspect/export/rows.ts";

function cut(shape: RowShape, pieces: readonly Uint8Array[], start = 0): CutRow[] {
  const cutter = new RowCutter(shape, start);
  return [...pieces.map((piece) => cutter.push([piece])).flat(), ...cutter.end()];
}

const plain = (rows: readonly CutRow[]) =>
  rows.map(({ position, end, bytes }) => [position, end, Buffer.from(bytes).toString()]);

describe("rows of an export", () => {
  it("JSON has a row a message, text a row a line, other bytes a row a block; raw bytes have none", () => {
    expect(rowShape("json", true)).toBe("messages");
    expect(rowShape("json", false)).toBe("messages");
    expect(rowShape("text", true)).toBe("lines");
    expect(rowShape("binary", true)).toBe("blocks");
    expect(rowShape("text", false)).toBe("pieces");
    expect(rowShape("binary", false)).toBe("pieces");
  });

  it("lines keep their ends, and the last one needs none", () => {
    expect(plain(cut("lines", [Buffer.from("a\n\nb"), Buffer.from("c\r\nd")], 5))).toEqual([
      [5, 7, "a\n"],
      [7, 8, "\n"],
      [8, 12, "bc\r\n"],
      [12, 13, "d"],
    ]);
  });

  it("a line without end goes on in the next row, and memory stays bounded", () => {
    const sizes = cut("lines", [Buffer.alloc(LINE_MAX_BYTES + 3, "x")]).map(({ bytes }) => bytes.byteLength);
    expect(sizes).toEqual([LINE_MAX_BYTES, 3]);
  });

  it("blocks are of one size but for the last", () => {
    const sizes = cut("blocks", [Buffer.alloc(100), Buffer.alloc(2 * BLOCK_BYTES)]).map(
      ({ bytes }) => bytes.byteLength,
    );
    expect(sizes).toEqual([BLOCK_BYTES, BLOCK_BYTES, 100]);
  });

  it("however bytes arrive, the rows are the same, follow each other and hold every byte once", () => {
    const bytes = fc
      .array(fc.constantFrom("a", "\n", "é"), { maxLength: 60 })
      .map((parts) => Buffer.from(parts.join("")));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(120), { maxLength: 6 }), (whole, cuts) => {
        const at = [0, ...cuts.map((each) => each % (whole.byteLength + 1)).sort((a, b) => a - b), whole.byteLength];
        const pieces = at.slice(1).map((end, i) => whole.subarray(at[i], end));
        const rows = cut("lines", pieces);
        expect(plain(rows)).toEqual(plain(cut("lines", [whole])));
        expect(Buffer.concat(rows.map((row) => row.bytes)).equals(whole)).toBe(true);
        rows.forEach((row, i) => {
          expect(row.position).toBe(rows[i - 1]?.end ?? 0);
        });
      }),
    );
  });
});
