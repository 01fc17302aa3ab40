import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AccessDeniedError } from "../../src/client/errors/access-denied-error.ts";
import { AnswerTimeoutError } from "../../src/client/errors/answer-timeout-error.ts";
import { ConflictError } from "../../src/client/errors/conflict-error.ts";
import { ConnectionError } from "../../src/client/errors/connection-error.ts";
import { MalformedAnswerError } from "../../src/client/errors/malformed-answer-error.ts";
import { RateLimitedError } from "../../src/client/errors/rate-limited-error.ts";
import { SequenceGapError } from "../../src/client/errors/sequence-gap-error.ts";
import { StaleEpochError } from "../../src/client/errors/stale-epoch-error.ts";
import { StreamClosedError } from "../../src/client/errors/stream-closed-error.ts";
import { StreamNotFoundError } from "../../src/client/errors/stream-not-found-error.ts";
import { UnexpectedDuplicateError } from "../../src/client/errors/unexpected-duplicate-error.ts";
import type { StreamBatch } from "../../src/client/stream-batch.ts";
import { StreamClient } from "../../src/client/stream-client.ts";
import { startScripted, type ScriptedServer } from "../support/scripted-server.ts";
import { startReference, type TestServer } from "../support/servers.ts";
import { steadyPort } from "../support/steady-port.ts";

const client = new StreamClient({ retry: { firstMs: 1, giveUpAfterMs: 2_000 }, token: "canary-token" });
let reference: TestServer;
let scripted: ScriptedServer | undefined;
let count = 0;

beforeAll(async () => {
  reference = await startReference();
});

afterAll(async () => {
  await client.dispose();
  await reference.stop();
});

afterEach(async () => {
  await scripted?.stop();
  scripted = undefined;
});

function newUrl(): string {
  return `${reference.url}/streams/test-${String(count++)}`;
}

async function collect(batches: AsyncIterable<StreamBatch>): Promise<string> {
  let all = "";
  for await (const batch of batches) {
    const texts = batch.pieces.map((piece) => Buffer.from(piece).toString("utf8"));
    all += texts.map((text) => (batch.kind === "json" ? `${text}\n` : text)).join("");
  }
  return all;
}

const producer = { id: "p", epoch: 0, seq: 0 };
const text = { contentType: "text/plain", body: Buffer.from("hello") };

describe("operations on the reference server", () => {
  it("create: says whether the stream was there already, and refuses another configuration", async () => {
    const url = newUrl();
    expect(await client.create(url, { contentType: "text/plain" })).toMatchObject({
      created: true,
      contentType: "text/plain",
    });
    expect(await client.create(url, { contentType: "text/plain" })).toMatchObject({ created: false });
    await expect(client.create(url, { contentType: "application/json" })).rejects.toBeInstanceOf(ConflictError);
  });

  it("describe: tells content type, tail, closure and time to live", async () => {
    const url = newUrl();
    await client.create(url, { contentType: "text/plain", ttlSeconds: 60, body: Buffer.from("x"), closed: true });
    expect(await client.describe(url)).toMatchObject({ contentType: "text/plain", closed: true, ttlSeconds: 60 });
  });

  it("append: a duplicate producer batch is told apart from a new one", async () => {
    const url = newUrl();
    await client.create(url, { contentType: "text/plain" });
    expect(await client.append(url, { ...text, producer })).toMatchObject({ duplicate: false });
    expect(await client.append(url, { ...text, producer })).toMatchObject({ duplicate: true });
    expect(await collect(client.catchUp(url))).toBe("hello");
  });

  it("append: a stale epoch, a sequence gap and a closed stream are errors of their own", async () => {
    const url = newUrl();
    await client.create(url, { contentType: "text/plain" });
    await client.append(url, { ...text, producer: { ...producer, epoch: 3 } });
    await expect(client.append(url, { ...text, producer })).rejects.toMatchObject({
      constructor: StaleEpochError,
      currentEpoch: 3,
    });
    await expect(client.append(url, { ...text, producer: { ...producer, epoch: 3, seq: 7 } })).rejects.toMatchObject({
      constructor: SequenceGapError,
      expectedSeq: 1,
      receivedSeq: 7,
    });
    await client.closeStream(url);
    await expect(client.append(url, text)).rejects.toBeInstanceOf(StreamClosedError);
  });

  it("delete: a deleted stream is not found", async () => {
    const url = newUrl();
    await client.create(url);
    await client.delete(url);
    await expect(client.delete(url)).rejects.toBeInstanceOf(StreamNotFoundError);
    await expect(collect(client.catchUp(url))).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  it("deliver: a duplicate on a first try is not taken for a success", async () => {
    const url = newUrl();
    await client.create(url, { contentType: "text/plain" });
    await client.append(url, { ...text, producer });
    await expect(client.deliver(url, { ...text, producer, mayBeThere: false })).rejects.toBeInstanceOf(
      UnexpectedDuplicateError,
    );
    expect(await client.deliver(url, { ...text, producer, mayBeThere: true })).toMatchObject({ duplicate: true });
  });

  it("follow: hands on bytes of a binary stream as they are", async () => {
    const url = newUrl();
    const bytes = randomBytes(10_000);
    await client.create(url, { body: bytes, closed: true });
    const pieces: Uint8Array[] = [];
    for await (const batch of client.follow(url, { offset: "-1" })) pieces.push(...batch.pieces);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });
});

const PAGE = { "content-type": "application/json", "stream-next-offset": "1" };

/** Who was not let in is told that first, and the status last. */
function explanationOf(status: number): RegExp {
  if (status === 401) return /^Not authenticated: the server asks for a token, .*\. Describing \S+ failed with 401\.$/;
  if (status === 403) return /^Not allowed: the token does not allow this\. Describing \S+ failed with 403\.$/;
  return new RegExp(`failed with ${String(status)}: the(re)? .*\\.$`);
}

describe("answers of servers on bad days", () => {
  it.each([400, 401, 403, 404, 405, 409, 410, 413, 418, 429, 301, 500])(
    "a HEAD that fails with %i has no body, and is still explained in a sentence",
    async (status) => {
      scripted = await startScripted((_request, response) => response.writeHead(status).end());
      const once = new StreamClient({ retry: { giveUpAfterMs: 0 } });
      const failure: unknown = await once.describe(`${scripted.url}/s`).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        explained: false,
        message: expect.stringMatching(explanationOf(status)) as string,
      });
      await once.dispose();
    },
  );

  it("a sentence that the server wrote under a code needs no hint of ours", async () => {
    const error = { error: { code: "INVALID_OFFSET", message: "Do this." } };
    scripted = await startScripted((_request, response) => response.writeHead(400).end(JSON.stringify(error)));
    await expect(collect(client.catchUp(`${scripted.url}/s`))).rejects.toMatchObject({ explained: true });
  });

  it("the trace redacts query parameters that are named like secrets", async () => {
    scripted = await startScripted((_request, response) => response.writeHead(404).end());
    const lines: string[] = [];
    const traced = new StreamClient({ trace: (line) => lines.push(line) });
    const url = `${scripted.url}/s?access_token=canary&x=1&Signature=canary&api-key=canary&y=2`;
    await traced.describe(url).catch(() => undefined);
    await traced.dispose();
    expect(lines[0]).toContain("?access_token=[redacted]&x=1&Signature=[redacted]&api-key=[redacted]&y=2 ");
    expect(lines.join("")).not.toContain("canary");
  });

  it("a long URL is shortened in the message", async () => {
    scripted = await startScripted((_request, response) => response.writeHead(400).end());
    const failure: unknown = await client
      .describe(`${scripted.url}/${"x".repeat(1000)}`)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^.{0,250}$/) as string });
  });

  it("an answer that breaks off is asked for again, and nothing is handed on twice", async () => {
    scripted = await startScripted(
      (_request, response) => {
        response.writeHead(200, { ...PAGE, "content-length": "100" });
        response.write("[1,2", () => response.destroy());
      },
      (_request, response) => {
        response.writeHead(200, { ...PAGE, "stream-up-to-date": "true" }).end("[1,23,4]");
      },
    );
    expect(await collect(client.catchUp(`${scripted.url}/s`))).toBe("1\n23\n4\n");
    expect(scripted.requests).toHaveLength(2);
  });

  it("12345678901234567890, 1.0 and duplicate keys come out as the server sent them", async () => {
    const body = `[12345678901234567890, 1.0 ,{"a":1,"a":2}]`;
    scripted = await startScripted((_request, response) => {
      response.writeHead(200, { ...PAGE, "stream-up-to-date": "true" }).end(body);
    });
    expect(await collect(client.catchUp(`${scripted.url}/s`))).toBe(`12345678901234567890\n1.0\n{"a":1,"a":2}\n`);
  });

  it("a batch whose answer was lost is sent again under the same number, and 204 is a success", async () => {
    const bodies: string[] = [];
    scripted = await startScripted(
      (request, response, body) => {
        bodies.push(`${String(request.headers["producer-seq"])} ${body.toString()}`);
        response.destroy();
      },
      (request, response, body) => {
        bodies.push(`${String(request.headers["producer-seq"])} ${body.toString()}`);
        response.writeHead(204).end();
      },
    );
    const result = await client.deliver(`${scripted.url}/s`, {
      ...text,
      producer: { ...producer, seq: 5 },
      mayBeThere: false,
    });
    expect(result.duplicate).toBe(true);
    expect(bodies).toEqual(["5 hello", "5 hello"]);
  });

  it("429 is waited out as long as the server asks, other refusals are not repeated", async () => {
    scripted = await startScripted((_request, response) => {
      response.writeHead(429, { "retry-after": "7" }).end();
    });
    await expect(client.append(`${scripted.url}/s`, text)).rejects.toMatchObject({
      constructor: RateLimitedError,
      retryAfterMs: 7_000,
    });
    await scripted.stop();
    scripted = await startScripted((_request, response) => {
      response
        .writeHead(401, { "content-type": "application/json" })
        .end(`{"error":{"code":"TOKEN_EXPIRED","message":"old\\u001b[2J"}}`);
    });
    const denied = client.describe(`${scripted.url}/s`);
    await expect(denied).rejects.toBeInstanceOf(AccessDeniedError);
    expect(scripted.requests).toHaveLength(1);
  });

  it("the server's own code is kept, its control characters are not", async () => {
    scripted = await startScripted((_request, response) => {
      response.writeHead(400).end(`{"error":{"code":"INVALID_THING","message":"no\\u001b[2J"}}`);
    });
    await expect(client.append(`${scripted.url}/s`, text)).rejects.toMatchObject({
      code: "INVALID_THING",
      retryable: false,
      message: expect.stringContaining("no␛[2J") as string,
    });
  });

  it("an answer that never comes is a timeout, nobody there a connection error, another protocol malformed", async () => {
    const impatient = new StreamClient({ answerTimeoutMs: 1_000, retry: { giveUpAfterMs: 0 } });
    scripted = await startScripted(() => undefined);
    await expect(impatient.append(`${scripted.url}/s`, text)).rejects.toBeInstanceOf(AnswerTimeoutError);
    const nowhere = `http://127.0.0.1:${String(await steadyPort())}/s`;
    await expect(impatient.append(nowhere, text)).rejects.toBeInstanceOf(ConnectionError);
    await scripted.stop();
    scripted = await startScripted((_request, response) => response.writeHead(200).end("<html>"));
    await expect(collect(client.catchUp(`${scripted.url}/s`))).rejects.toBeInstanceOf(MalformedAnswerError);
    await impatient.dispose();
  });

  it("the token goes to the server and into no trace", async () => {
    const lines: string[] = [];
    let seen: string | undefined;
    const traced = new StreamClient({ token: "canary-token", trace: (line) => lines.push(line) });
    scripted = await startScripted((request, response) => {
      seen = request.headers.authorization;
      response.writeHead(204, { "set-cookie": "canary-cookie" }).end();
    });
    await traced.append(`${scripted.url}/s`, text);
    await traced.dispose();
    expect(seen).toBe("Bearer canary-token");
    expect(lines.join("\n")).toMatch(/authorization=\[redacted\]/i);
    expect(lines.join("\n")).not.toContain("canary");
  });
});
