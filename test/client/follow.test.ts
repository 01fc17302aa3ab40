import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { MalformedAnswerError } from "../../src/client/errors/malformed-answer-error.ts";
import { StreamNotFoundError } from "../../src/client/errors/stream-not-found-error.ts";
import { StreamClient } from "../../src/client/stream-client.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const client = new StreamClient();
const RETRY = { firstMs: 1, maxMs: 5, giveUpAfterMs: 5_000 };
let server: ScriptedServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Sends events and ends the connection; `cut` ends it in the middle of the last one. */
function events(...frames: readonly string[]): Handler {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const frame of frames) response.write(frame);
    response.end();
  };
}

function data(text: string): string {
  return `event: data\n${text
    .split("\n")
    .map((line) => `data: ${line}\n`)
    .join("")}\n`;
}

function control(offset: string, more: Readonly<Record<string, unknown>> = {}): string {
  return `event: control\ndata: ${JSON.stringify({ streamNextOffset: offset, streamCursor: `c${offset}`, ...more })}\n\n`;
}

async function follow(offset = "0", contentType = "application/json"): Promise<string[]> {
  const messages: string[] = [];
  const batches = client.follow(`${server?.url ?? ""}/s`, { offset, contentType, retry: RETRY });
  for await (const batch of batches) messages.push(...batch.pieces.map((piece) => Buffer.from(piece).toString("utf8")));
  return messages;
}

const CLOSED = { streamClosed: true };

describe("following a stream", () => {
  it("resumes from the last control event, with its cursor, and hands nothing on twice", async () => {
    server = await startScripted(
      events(data("[1,2]"), control("2"), data("[3]")),
      events(data("[3,4]"), control("4", CLOSED)),
    );
    expect(await follow()).toEqual(["1", "2", "3", "4"]);
    expect(server.requests).toEqual(["GET /s?live=sse&offset=0", "GET /s?cursor=c2&live=sse&offset=2"]);
  });

  it("an event of which only a part arrived is not handed on", async () => {
    server = await startScripted(
      events(data("[1]"), control("1"), "event: data\ndata: [2]\n"),
      events(data("[2]"), 'event: control\ndata: {"streamNextOff'),
      events(data("[2]"), control("2", CLOSED)),
    );
    expect(await follow()).toEqual(["1", "2"]);
  });

  it("events may arrive regrouped in any way, with CR, LF and UTF-8 cut apart", async () => {
    const bytes = Buffer.from((data(`["día 🚀"]`) + control("1", CLOSED)).replaceAll("\n", "\r\n"));
    server = await startScripted(async (_request, response: ServerResponse) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const byte of bytes) await new Promise((resolve) => response.write(Uint8Array.of(byte), resolve));
      response.end();
    });
    expect(await follow()).toEqual([`"día 🚀"`]);
  });

  it("several data events before one control event are one batch, and unknown events are passed over", async () => {
    server = await startScripted(
      events(data("[1]"), "event: news\ndata: x\n\n: comment\n\n", data("[\n2,\n3\n]"), control("3", CLOSED)),
    );
    expect(await follow()).toEqual(["1", "2", "3"]);
  });

  it("5xx and refused connections are waited out; a stream that is gone is not", async () => {
    server = await startScripted(
      (_request, response) => response.writeHead(503).end(),
      events(data("[1]"), control("1")),
      (_request, response) => response.destroy(),
      (_request, response) => response.writeHead(404).end(),
    );
    await expect(follow()).rejects.toBeInstanceOf(StreamNotFoundError);
    expect(server.requests).toHaveLength(4);
  });

  it("base64 over several lines becomes bytes, and what is not base64 is refused", async () => {
    const base64 =
      (frame: string): Handler =>
      (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "stream-sse-data-encoding": "base64" });
        response.end(frame + control("1", CLOSED));
      };
    server = await startScripted(base64(data("aGVs\nbG8=")));
    expect(await follow("0", "application/octet-stream")).toEqual(["hello"]);
    await server.stop();
    server = await startScripted(base64(data("aGV")));
    await expect(follow("0", "application/octet-stream")).rejects.toBeInstanceOf(MalformedAnswerError);
  });

  it("an answer that is no event stream, or a control event without an offset, is refused", async () => {
    server = await startScripted((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("hi"),
    );
    await expect(follow()).rejects.toBeInstanceOf(MalformedAnswerError);
    await server.stop();
    server = await startScripted(events("event: control\ndata: {}\n\n"));
    await expect(follow()).rejects.toBeInstanceOf(MalformedAnswerError);
  });

  it("the signal ends it while it waits for a server that is away", async () => {
    server = await startScripted((_request, response) => response.destroy());
    const controller = new AbortController();
    const batches = client.follow(`${server.url}/s`, {
      offset: "0",
      contentType: "text/plain",
      signal: controller.signal,
      retry: { firstMs: 60_000, maxMs: 60_000, giveUpAfterMs: 600_000 },
      onState: (state) => {
        if (state.name === "waiting") controller.abort(new Error("left"));
      },
    });
    await expect(batches.next()).rejects.toThrow("left");
  });

  it("a server that goes silent is taken for dead and asked again", async () => {
    server = await startScripted(
      (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(data("[1]") + control("1"));
      },
      events(data("[2]"), control("2", CLOSED)),
    );
    const messages: string[] = [];
    for await (const batch of client.follow(`${server.url}/s`, {
      offset: "0",
      contentType: "application/json",
      retry: RETRY,
      silenceTimeoutMs: 1_000,
    })) {
      messages.push(...batch.pieces.map((piece) => Buffer.from(piece).toString("utf8")));
    }
    expect(messages).toEqual(["1", "2"]);
  });
});
