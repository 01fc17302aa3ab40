import { readWhole } from "./read-whole.ts";
import type { Answer } from "./transport.ts";

/** The JSON value of a body, or nothing where it is none, or too long: some servers answer every URL with a page for people. */
export async function readJson(answer: Answer, maxBytes: number): Promise<unknown> {
  const body = await readWhole(answer, maxBytes);
  if (body === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
}
