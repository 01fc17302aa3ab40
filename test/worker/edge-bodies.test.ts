import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { APPEND_MAX_MESSAGES, BODY_MAX_BYTES } from "../../src/protocol/limits.ts";
import { createStream, errorCode, freshName, offsetAt, ORIGIN, sendTo, StreamClient } from "./support/stream-client.ts";

const MIB = 1024 * 1024;

/** A body without a length that is sent piece by piece, as the test goes on. */
class SlowBody {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    this.stream = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
  }

  send(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#controller?.close();
  }
}

describe("bodies: a limit that holds while a body is still coming", () => {
  test("a body without a length is refused when it has passed the limit and as much again, and nothing of it is stored", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    let sentMiB = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sentMiB++;
        controller.enqueue(new Uint8Array(MIB));
      },
    });
    const answer = await stream.post(endless);
    expect([answer.status, await errorCode(answer)]).toEqual([413, "BODY_TOO_LARGE"]);
    expect(sentMiB).toBeLessThanOrEqual((2 * BODY_MAX_BYTES) / MIB + 4);
    expect((await stream.head()).headers.get("Stream-Next-Offset")).toBe(offsetAt(0));
  });

  test("an announced length over the limit is refused", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    const url = `${ORIGIN}${stream.path}`;
    const headers = { "Content-Type": "application/octet-stream" };
    const body = new Uint8Array(BODY_MAX_BYTES + 1);
    for (const method of ["POST", "PUT"]) {
      expect((await exports.default.fetch(url, { method, headers, body })).status, method).toBe(413);
    }
  });

  test("a body of exactly the limit is stored and read back", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    expect(await stream.append(new Uint8Array(BODY_MAX_BYTES).fill(7))).toBe(offsetAt(BODY_MAX_BYTES));
    const read = await stream.readAll();
    expect([read.byteLength, read.every((byte) => byte === 7)]).toEqual([BODY_MAX_BYTES, true]);
  });

  test("a batch may hold as many messages as the limit says, and one more is 413", async () => {
    const stream = await createStream();
    const most = `[${"0,".repeat(APPEND_MAX_MESSAGES - 1)}0]`;
    expect(await stream.append(most)).toBe(offsetAt(APPEND_MAX_MESSAGES));
    const answer = await stream.post(most.replace("]", ",0]"));
    expect([answer.status, await errorCode(answer)]).toEqual([413, "TOO_MANY_MESSAGES"]);
    expect((await stream.head()).headers.get("Stream-Next-Offset")).toBe(offsetAt(APPEND_MAX_MESSAGES));
  });
});

describe("bodies: a slow one holds up nobody", () => {
  test("while an append trickles in, the stream takes other appends and answers reads", async () => {
    const stream = await createStream({ contentType: "text/plain" });
    const body = new SlowBody();
    const slow = stream.post(body.stream);
    body.send("slow ");
    await stream.append("quick ");
    expect(new TextDecoder().decode(await stream.readAll())).toBe("quick ");
    body.send("but whole");
    body.end();
    expect((await slow).status).toBe(204);
    expect(new TextDecoder().decode(await stream.readAll())).toBe("quick slow but whole");
  });

  test("while a create trickles in, another one creates the stream and it is used", async () => {
    const stream = new StreamClient(freshName(), "text/plain", sendTo());
    const body = new SlowBody();
    const slow = stream.put({ body: body.stream });
    body.send("late");
    expect((await stream.put()).status).toBe(201);
    await stream.append("quick");
    body.end();
    expect((await slow).status).toBe(200);
    expect(new TextDecoder().decode(await stream.readAll())).toBe("quick");
  });

  test("a body that breaks off stores nothing", async () => {
    const stream = await createStream({ contentType: "text/plain" });
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode("half"));
        controller.error(new Error("the client went away"));
      },
    });
    const answer = await stream.post(broken);
    expect([answer.status, await errorCode(answer)]).toEqual([400, "BODY_INCOMPLETE"]);
    expect((await stream.readAll()).byteLength).toBe(0);
  });
});

describe("bodies: the bytes that came are the bytes that go", () => {
  test.each([
    "12345678901234567890",
    "1.0",
    "1e400",
    '{"b":1,"a":2,"b":3}',
    '{"__proto__":{"x":1}}',
    '"\\u0041\\ud83d\\ude00\\/"',
    '"\u2028\u2029"',
    '{ "spaced" : [ 1 , 2 ] }',
    `${"[".repeat(5000)}${"]".repeat(5000)}`,
  ])("JSON stays as it was written: %.40s", async (text) => {
    const stream = await createStream();
    await stream.append(`[${text}]`);
    expect(new TextDecoder().decode(await stream.readAll())).toBe(`[${text}]`);
  });

  test("only one level of an array is taken apart, and whitespace between messages is dropped", async () => {
    const stream = await createStream();
    expect(await stream.append(' [ [1, 2] ,\n{"a": 1}\t] ')).toBe(offsetAt(2));
    expect(await stream.append("[[[3]]]")).toBe(offsetAt(3));
    expect(new TextDecoder().decode(await stream.readAll())).toBe('[[1, 2],{"a": 1},[[3]]]');
  });

  test("text and bytes are neither checked nor changed, a byte order mark included", async () => {
    const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0xff, 0x00, 0x0d, 0x0a, 0xc3);
    for (const contentType of ["text/plain", "application/octet-stream", "application/x-ndjson"]) {
      const stream = await createStream({ contentType });
      await stream.append(bytes);
      expect([...(await stream.readAll())]).toEqual([...bytes]);
    }
  });
});
