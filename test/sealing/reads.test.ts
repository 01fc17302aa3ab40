import { describe, expect, test } from "vitest";
import { READ_CHUNK_MAX_BYTES } from "../../src/protocol/limits.ts";
import { encodeHex } from "../../src/protocol/hex.ts";
import { sha256 } from "../../src/protocol/segment/blocks.ts";
import { WatchedBucket } from "../worker/support/bucket.ts";
import { createSealed, inspect, sealAll } from "../worker/support/sealing.ts";
import { openSse, sseMessages } from "../worker/support/sse-client.ts";
import { createStream, nextOffset, offsetAt, type StreamClient } from "../worker/support/stream-client.ts";

/** Everything of an answer that a reader can tell. */
interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  /** Its length and its SHA-256. */
  readonly body: string;
}

const TOLD = [
  "Cache-Control",
  "Content-Disposition",
  "Content-Type",
  "ETag",
  "Stream-Closed",
  "Stream-Next-Offset",
  "Stream-Up-To-Date",
];

async function see(response: Response): Promise<Seen> {
  return {
    status: response.status,
    headers: Object.fromEntries(TOLD.map((name) => [name, response.headers.get(name)])),
    body: await fingerprint(new Uint8Array(await response.arrayBuffer())),
  };
}

async function fingerprint(bytes: Uint8Array): Promise<string> {
  return `${String(bytes.byteLength)} bytes, ${encodeHex(await sha256(bytes))}`;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every answer to a reader who starts at each of some offsets and goes on to the tail. */
async function seeAll(stream: StreamClient, starts: readonly number[], query = ""): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const start of starts) {
    let from = offsetAt(start);
    for (;;) {
      const answer = await stream.get(`?offset=${from}${query}`);
      from = nextOffset(answer);
      seen.push(await see(answer));
      if (answer.headers.get("Stream-Up-To-Date") === "true") break;
    }
  }
  return seen;
}

/** What reading gives while R2 takes no segment, so that all is in the hot log, and when it has taken them. */
async function hotAndSealed<T>(
  contentType: string,
  appends: readonly BodyInit[],
  read: (stream: StreamClient) => Promise<T>,
): Promise<{ hot: T; sealed: T }> {
  using bucket = new WatchedBucket();
  let takeSegments = (): void => undefined;
  const taking = new Promise<void>((resolve) => (takeSegments = resolve));
  bucket.intercept(async ({ method, real }) => {
    if (method === "put") await taking;
    return real();
  });
  const stream = await createStream({ contentType });
  for (const body of appends) await stream.append(body);
  const hot = await read(stream);
  expect((await inspect(stream)).segments.count).toBe(0);
  takeSegments();
  const { segments } = await sealAll(stream);
  expect(segments.count).toBeGreaterThan(0);
  return { hot, sealed: await read(stream) };
}

const upTo = (end: number): number[] => Array.from({ length: end + 1 }, (_, i) => i);
const bytesOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff);

describe("reads: a reader cannot tell where the hot log begins", () => {
  test("JSON: every answer from every offset is the same before and after sealing, to the ETag", async () => {
    const appends = ["0", '[1,2,"three",{"four":4.0}]', " 5 ", "[6,12345678901234567890]", "[8,9,10,11]", '"é\\u00e9"'];
    const { hot, sealed } = await hotAndSealed("application/json", appends, (stream) => seeAll(stream, upTo(13)));
    expect(sealed).toEqual(hot);
    const whole = '[0,1,2,"three",{"four":4.0},5,6,12345678901234567890,8,9,10,11,"é\\u00e9"]';
    expect(sealed[0]?.body).toBe(await fingerprint(utf8(whole)));
  });

  test("text: every answer from every byte is the same, in the middle of a character too", async () => {
    const appends = ["ab", "ç", "d\r\ne", "日本", "\n", "f", "ghi", "j"];
    const whole = utf8(appends.join(""));
    const { hot, sealed } = await hotAndSealed("text/plain", appends, (stream) =>
      seeAll(stream, upTo(whole.byteLength)),
    );
    expect(sealed).toEqual(hot);
    expect(sealed[0]?.body).toBe(await fingerprint(whole));
  });

  test("bytes: chunks end where they did, and what is larger than a chunk is divided as it was", async () => {
    const sizes = [
      10,
      READ_CHUNK_MAX_BYTES - 5,
      100,
      2 * READ_CHUNK_MAX_BYTES + 7,
      1,
      300_000,
      300_000,
      600_000,
      50,
      9,
    ];
    const appends = sizes.map(bytesOf);
    const { hot, sealed } = await hotAndSealed("application/octet-stream", appends, (stream) =>
      seeAll(stream, [0, 7, READ_CHUNK_MAX_BYTES, 2 * READ_CHUNK_MAX_BYTES + 1]),
    );
    expect(sealed).toEqual(hot);
    expect(sealed.length).toBeGreaterThan(8);
  });

  test("JSON messages larger than a chunk and than a segment come whole, each by itself", async () => {
    const large = JSON.stringify("x".repeat(5 * 1024 * 1024));
    const appends = ["1", large, "2", JSON.stringify("y".repeat(1_900_000)), "[3,4,5,6,7,8]"];
    const { hot, sealed } = await hotAndSealed("application/json", appends, (stream) => seeAll(stream, [0, 1, 3]));
    expect(sealed).toEqual(hot);
    expect(sealed[0]?.body).toBe(await fingerprint(utf8("[1]")));
    expect(sealed[1]?.body).toBe(await fingerprint(utf8(`[${large}]`)));
  });

  test("long-poll: what is there already is answered the same, closed streams included", async () => {
    const read = async (stream: StreamClient): Promise<Seen[]> => seeAll(stream, upTo(11), "&live=long-poll");
    const { hot, sealed } = await hotAndSealed("application/json", ["[0,1,2,3,4,5,6]", "7", "[8,9,10,11]"], read);
    expect(sealed).toEqual(hot);
  });

  test("SSE: every message comes once and in order from any offset, and then live ones follow", async () => {
    const stream = await createSealed(23);
    for (const start of [0, 4, 5, 6, 19, 20, 22]) {
      const sse = await openSse(stream, offsetAt(start));
      const { data, control } = await sse.untilUpToDate();
      expect(sseMessages(data)).toEqual(Array.from({ length: 23 - start }, (_, i) => start + i));
      expect(control.streamNextOffset).toBe(offsetAt(23));
      await sse.cancel();
    }
    const sse = await openSse(stream, offsetAt(2));
    await sse.untilUpToDate();
    await stream.append("23");
    // The first is perhaps a second word that the reader is up to date.
    const { data } = await sse.until(({ streamNextOffset }) => streamNextOffset === offsetAt(24));
    expect(sseMessages(data)).toEqual([23]);
    await sse.cancel();
  });

  test("SSE of a closed stream that is sealed to the end says so with the last message, and ends", async () => {
    const stream = await createSealed(7);
    await stream.close("7");
    const { hot, segments } = await sealAll(stream);
    expect([hot.messages, segments.messages]).toEqual([0, 8]);
    const events = await (await openSse(stream)).rest();
    const last = events.at(-1);
    expect(last?.kind === "control" && last.control).toMatchObject({ streamClosed: true, upToDate: true });
    const data = events.flatMap((event) => (event.kind === "data" ? [event.data] : []));
    expect(sseMessages(data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("an ETag from before sealing still answers 304 after it, without asking the bucket", async () => {
    const { hot, sealed } = await hotAndSealed("application/json", ["[0,1,2,3,4,5,6]"], async (stream) => {
      const tag = (await stream.get("?offset=-1")).headers.get("ETag") ?? "";
      using bucket = new WatchedBucket();
      const again = await stream.get("?offset=-1", { "If-None-Match": tag });
      return { tag, status: again.status, gets: bucket.counts.get };
    });
    expect(sealed).toEqual({ tag: hot.tag, status: 304, gets: 0 });
  });
});
