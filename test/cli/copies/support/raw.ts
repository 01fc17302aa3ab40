// What a stream holds, byte for byte, asked of the server itself and not by the code that is tested.
import { expect } from "vitest";

export interface Whole {
  readonly bytes: Buffer;
  readonly contentType: string | null;
  readonly closed: boolean;
}

/** Every answer of a catch-up read; of JSON streams without the brackets and commas between answers. */
export async function readWhole(url: string): Promise<Whole> {
  const parts: Buffer[] = [];
  let offset = "-1";
  for (;;) {
    const answer = await fetch(`${url}?offset=${offset}`);
    expect(answer.status, `${url}?offset=${offset}`).toBe(200);
    const contentType = answer.headers.get("content-type");
    const body = Buffer.from(await answer.arrayBuffer());
    if (contentType !== "application/json") parts.push(body);
    else if (body.byteLength > 2) parts.push(Buffer.from(parts.length === 0 ? "" : ","), body.subarray(1, -1));
    const next = answer.headers.get("stream-next-offset") ?? "";
    const closed = answer.headers.get("stream-closed") === "true";
    if (closed || answer.headers.get("stream-up-to-date") === "true" || next === offset) {
      return { bytes: Buffer.concat(parts), contentType, closed };
    }
    offset = next;
  }
}

/** What Vitest would compare byte by byte, and take a minute for. */
export function expectSame(copy: Whole, original: Whole): void {
  const { bytes, ...rest } = copy;
  expect(rest).toEqual({ contentType: original.contentType, closed: original.closed });
  expect(bytes.byteLength).toBe(original.bytes.byteLength);
  expect(bytes.equals(original.bytes), "the same bytes").toBe(true);
}

export interface Making {
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function create(url: string, { contentType, headers = {} }: Making): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": contentType, ...headers } });
  expect(answer.status, url).toBe(201);
}

export async function append(url: string, contentType: string, body: Uint8Array<ArrayBuffer> | string): Promise<void> {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": contentType }, body });
  expect(answer.ok, `${url}: ${String(answer.status)}`).toBe(true);
}

export async function close(url: string): Promise<void> {
  const answer = await fetch(url, { method: "POST", headers: { "stream-closed": "true" } });
  expect(answer.ok, `${url}: ${String(answer.status)}`).toBe(true);
}

export async function remove(url: string): Promise<void> {
  expect((await fetch(url, { method: "DELETE" })).ok, url).toBe(true);
}

/** JSON whose bytes say more than its values do. */
export const AWKWARD_JSON = [
  "12345678901234567890",
  "1.0",
  "-0",
  "1E+2",
  String.raw`"\u00e9\/é\ud800"`,
  `{"b" : 1,\n "a":[ ], "b":2}`,
  "[[1],[]]",
  `"]},[{"`,
  '"\u2028"',
];

export const AWKWARD_TEXT = Buffer.concat([
  Buffer.from("one\r\ntwo\rthree\n\n é\u2028 \ufeff"),
  Buffer.from([0xff, 0x00, 0xc3]),
]);
