import { segment, type Row } from "../../screen/text/segment.ts";

const OFFSET_DIGITS = 8;

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function asciiOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (isPrintable(byte) ? String.fromCharCode(byte) : ".")).join("");
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** As many bytes in a row as the columns have room for, a power of two. */
export function bytesPerRow(columns: number): number {
  // Digits, two blanks, three columns a byte, a blank, and one column a byte.
  return [16, 8, 4, 2].find((count) => OFFSET_DIGITS + 2 + count * 3 + 1 + count <= columns) ?? 1;
}

/** The usual dump: where, the bytes in hexadecimal, and as ASCII. */
export function hexRows(bytes: Uint8Array, columns: number, maxRows: number): readonly Row[] {
  const count = bytesPerRow(columns);
  const rows: Row[] = [];
  for (let at = 0; at < bytes.byteLength && rows.length < maxRows; at += count) {
    const part = bytes.subarray(at, at + count);
    rows.push([
      segment(`${at.toString(16).padStart(OFFSET_DIGITS, "0")}  `, "dim"),
      segment(hexOf(part).padEnd(count * 3 + 1)),
      segment(asciiOf(part), "string"),
    ]);
  }
  return rows;
}

/** The beginning of the bytes on one row: hexadecimal on the left, ASCII on the right. */
export function hexLine(bytes: Uint8Array, columns: number): Row {
  const count = Math.max(1, Math.floor((columns - 2) / 4));
  const part = bytes.subarray(0, count);
  const more = bytes.byteLength > count ? "…" : "";
  return [segment(`${hexOf(part)}  `), segment(`${asciiOf(part)}${more}`, "string")];
}
