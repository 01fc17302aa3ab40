import { FIRST_OFFSET, parseOffset } from "../protocol/offset.ts";
import type { Page } from "./page.ts";
import { OffsetInsidePageError } from "./errors/offset-inside-page-error.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import type { StreamBatch } from "./stream-batch.ts";

/** A page is one answer; more than this is not kept in memory to be cut. */
const PAGE_MAX_BYTES = 256 * 1024 * 1024;

async function readWhole(page: Page, url: string): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const group of page.pieces) {
    for (const piece of group) bytes += piece.byteLength;
    if (bytes > PAGE_MAX_BYTES) {
      const message = `${url} answered with more than ${String(PAGE_MAX_BYTES)} bytes at once.`;
      throw new MalformedAnswerError({ url, code: "PAGE_TOO_LARGE", message });
    }
    pieces.push(...group);
  }
  return pieces;
}

function firstBytes(pieces: readonly Uint8Array[], count: number): Uint8Array {
  return Buffer.concat(pieces).subarray(0, count);
}

/**
 * The part of a page before an offset inside it. Offsets are opaque (section 8), so a page can only be cut if this one
 * shows that the server's offsets count what is in it, messages for JSON and bytes otherwise, as our server's do.
 */
export async function cutPage(page: Page, url: string, from: string, until: string): Promise<StreamBatch> {
  const pieces = await readWhole(page, url);
  const isJson = page.kind === "json";
  const count = isJson ? pieces.length : pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const start = parseOffset(from === "-1" ? FIRST_OFFSET : from);
  const next = parseOffset(page.nextOffset);
  const end = parseOffset(until);
  if (start === undefined || next === undefined || end === undefined || next - start !== count) {
    throw new OffsetInsidePageError({
      url,
      code: "OFFSET_INSIDE_PAGE",
      message: `${url} answered from ${from} to ${page.nextOffset} at once, and it cannot be told where ${until} lies in that.`,
    });
  }
  const wanted = end - start;
  return {
    kind: page.kind,
    pieces: isJson ? pieces.slice(0, wanted) : [firstBytes(pieces, wanted)],
    nextOffset: until,
    upToDate: false,
    closed: false,
  };
}
