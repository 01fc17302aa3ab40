import type { Answer } from "./transport.ts";

/** The JSON value of a body, or nothing where it is none, or too long: some servers answer every URL with a page for people. */
export async function readJson(answer: Answer, maxBytes: number): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    return undefined;
  }
}
