import type { ServerResponse } from "node:http";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { MalformedAnswerError } from "../../src/client/errors/malformed-answer-error.ts";
import { AccessDeniedError } from "../../src/client/errors/access-denied-error.ts";
import { NoOperatorApiError } from "../../src/client/errors/no-operator-api-error.ts";
import { ServerFailureError } from "../../src/client/errors/server-failure-error.ts";
import { StreamNotFoundError } from "../../src/client/errors/stream-not-found-error.ts";
import { DamagedHistoryError } from "../../src/client/errors/damaged-history-error.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { StreamClient } from "../../src/client/stream-client.ts";
import { startReference } from "../support/servers.ts";
import { startScripted, type Handler, type ScriptedServer } from "../support/scripted-server.ts";

const client = new StreamClient({ retry: { firstMs: 1, giveUpAfterMs: 50 } });
const { operator } = client;
let server: ScriptedServer | undefined;

afterAll(() => client.dispose());
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function scripted(...handlers: readonly Handler[]): Promise<string> {
  server = await startScripted(...handlers);
  return `${server.url}/v1/stream/rooms/42`;
}

function json(value: unknown, status = 200): Handler {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function failure(status: number, code: string): Handler {
  return json({ error: { code, message: `It is ${code}.` } }, status);
}

const MAP = {
  stream: "default/rooms/42",
  incarnation: "i",
  contentType: "application/json",
  public: false,
  closed: false,
  createdAtMs: 1,
  expiry: { kind: "none" },
  tail: formatOffset(1),
  messages: 1,
  bytes: 1,
  hot: { start: formatOffset(0), messages: 1, bytes: 1, rows: 1 },
  segments: { count: 0, messages: 0, bytes: 0 },
  sealing: { state: "idle", failures: 0, maxMessages: 5, maxBytes: 5 },
  purges: [],
  readers: 0,
  producers: { count: 0, list: [] },
};

function row(number: number) {
  const extent = { messages: 1, bytes: 1, objectBytes: 1 };
  return {
    number,
    start: formatOffset(number),
    end: formatOffset(number + 1),
    ...extent,
    key: "k",
    state: "sealed",
    appendedAtMs: 1,
    sealedAtMs: 1,
    attempts: 1,
  };
}

const page = (rows: readonly object[], next: string | null = null): object => ({
  incarnation: "i",
  segments: rows,
  next,
});

describe("where the operator API is asked", () => {
  it.each([
    ["/v1/stream/rooms/42", "/v1/__ds/streams/default/inspect/rooms/42"],
    ["/v1/shop/stream/a%2Fb%20c", "/v1/__ds/streams/shop/inspect/a%2Fb%20c"],
  ])("a stream at %s is asked about at %s", async (path, asked) => {
    await scripted(json(MAP));
    expect(await operator.map(`${server?.url ?? ""}${path}`)).toEqual(MAP);
    expect(server?.requests).toEqual([`GET ${asked}`]);
  });

  it("a URL that cannot be one of our server's is not asked at all", async () => {
    await scripted(json(MAP));
    await expect(operator.map(`${server?.url ?? ""}/streams/a`)).rejects.toBeInstanceOf(NoOperatorApiError);
    expect(server?.requests).toEqual([]);
  });
});

describe("servers without an operator API", () => {
  const foreign: readonly (readonly [string, Handler])[] = [
    ["404 in plain text", (_request, response: ServerResponse) => response.writeHead(404).end("not found")],
    ["404 with a code of its own", failure(404, "NO_SUCH_ROUTE")],
    ["405", (_request, response) => response.writeHead(405).end()],
    ["501", (_request, response) => response.writeHead(501).end()],
    ["400 for a reserved path", failure(400, "RESERVED_PATH")],
    ["200 with a page for people", (_request, response) => response.writeHead(200).end("<html>")],
  ];
  it.each(foreign)("%s is NO_OPERATOR_API", async (_what, handler) => {
    await expect(operator.map(await scripted(handler))).rejects.toMatchObject({
      constructor: NoOperatorApiError,
      code: "NO_OPERATOR_API",
    });
  });

  it("the reference server is one of them", async () => {
    const reference = await startReference();
    await expect(operator.map(`${reference.url}/v1/stream/a`)).rejects.toBeInstanceOf(NoOperatorApiError);
    await reference.stop();
  });
});

describe("what our server says", () => {
  it.each([
    [404, "STREAM_NOT_FOUND", StreamNotFoundError],
    [403, "OPERATOR_CLOSED", AccessDeniedError],
    [503, "SEGMENT_UNAVAILABLE", ServerFailureError],
  ])("%i %s is that, and not a missing API", async (status, code, kind) => {
    await expect(operator.map(await scripted(failure(status, code)))).rejects.toMatchObject({
      constructor: kind,
      code,
    });
  });

  it("a failure of the moment is asked again", async () => {
    expect(await operator.map(await scripted(failure(503, "SEGMENT_UNAVAILABLE"), json(MAP)))).toEqual(MAP);
  });

  it.each(["SEGMENT_MISSING", "SEGMENT_CORRUPT"])("%s is for good: it is not asked again", async (code) => {
    await expect(operator.map(await scripted(failure(500, code)))).rejects.toMatchObject({
      constructor: DamagedHistoryError,
      code,
      retryable: false,
    });
    expect(server?.requests).toHaveLength(1);
  });

  it.each([
    ["a time that no calendar has", { createdAtMs: 1e16 }],
    ["a time that is no number", { createdAtMs: "now" }],
    ["a negative count", { messages: -1 }],
    ["a count that is not exact", { bytes: 2 ** 53 }],
    ["an offset of another form", { tail: "5" }],
    ["an error that is no text", { sealing: { ...MAP.sealing, lastError: {} } }],
    ["a purge without a prefix", { purges: [{ dueAtMs: 1, failures: 0 }] }],
    ["a producer without a name", { producers: { count: 1, list: [{ epoch: 0, lastSeq: 0 }] } }],
    ["a fork without a source", { fork: { offset: formatOffset(0), subOffset: 0, inherited: [] } }],
    ["forks without names", { forks: { count: 1, list: ["a"] } }],
  ])("a map with %s is no answer", async (_what, wrong) => {
    await expect(operator.map(await scripted(json({ ...MAP, ...wrong })))).rejects.toBeInstanceOf(MalformedAnswerError);
  });

  it.each([
    ["an offset of another form", { start: "0" }],
    ["a state that nobody knows", { state: "melting" }],
    ["a number that is none", { number: 0.5 }],
    ["a negative number of bytes", { bytes: -1 }],
    ["a key that is no text", { key: 1 }],
  ])("a row with %s is no answer", async (_what, wrong) => {
    const url = await scripted(json(page([{ ...row(0), ...wrong }])));
    await expect(operator.segmentPage(url)).rejects.toBeInstanceOf(MalformedAnswerError);
  });

  it.each([
    ["a map", (url: string) => operator.map(url), { ...MAP, hot: {} }],
    [
      "a page of segments",
      (url: string) => operator.segmentPage(url),
      { incarnation: "i", segments: [{}], next: null },
    ],
    [
      "a page of objects",
      (url: string) => operator.objectPages(url).next(),
      { prefix: "p", objects: [{}], cursor: null },
    ],
  ])("%s that lacks what is needed is no answer", async (_what, ask, answer) => {
    await expect(ask(await scripted(json(answer)))).rejects.toMatchObject({
      constructor: MalformedAnswerError,
      code: "UNEXPECTED_ANSWER",
    });
  });

  it("an answer without end is not read into memory", async () => {
    const url = await scripted((_request, response) => {
      const mebibyte = Buffer.alloc(1024 * 1024);
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write(mebibyte, more);
      };
      more();
    });
    await expect(operator.segmentObject(url, "0")).rejects.toMatchObject({ code: "ANSWER_TOO_LARGE" });
  });
});

describe("pages", () => {
  it("the manifest is asked for until it ends", async () => {
    const url = await scripted(json(page([row(0)], formatOffset(1))), json(page([row(1)])));
    const numbers: number[] = [];
    for await (const page of operator.segmentPages(url, { limit: 1 }))
      numbers.push(...page.segments.map((each) => each.number));
    expect(numbers).toEqual([0, 1]);
    const asked = "GET /v1/__ds/streams/default/segments/rooms/42";
    expect(server?.requests).toEqual([`${asked}?limit=1`, `${asked}?from=${formatOffset(1)}&limit=1`]);
  });

  it.each([
    ["stands still", formatOffset(1)],
    ["goes back", formatOffset(0)],
  ])("a manifest that %s is no answer", async (_how, next) => {
    const url = await scripted(json(page([row(0)], formatOffset(1))), json(page([row(0)], next)));
    const read = async (): Promise<void> => {
      for await (const { segments } of operator.segmentPages(url)) expect(segments).toHaveLength(1);
    };
    await expect(read()).rejects.toMatchObject({ constructor: MalformedAnswerError, code: "ENDLESS_ANSWER" });
    expect(server?.requests).toHaveLength(2);
  });

  it.each([
    ["stands still", () => "c", 2],
    ["never brings anything", (asked: number) => String(asked), 101],
  ])("a listing that %s is no answer", async (_how, cursor, requests) => {
    let asked = 0;
    const url = await scripted((request, response) => {
      json({ prefix: "p", objects: [], cursor: cursor(asked++) })(request, response, Buffer.of());
    });
    const read = async (): Promise<void> => {
      for await (const objects of operator.objectPages(url)) expect(objects).toEqual([]);
    };
    await expect(read()).rejects.toMatchObject({ constructor: MalformedAnswerError, code: "ENDLESS_ANSWER" });
    expect(asked).toBe(requests);
  });
});

describe("a glance", () => {
  it("is the map, or nothing, whatever goes wrong, and soon", async () => {
    expect(await operator.glance(await scripted(json(MAP)), 5_000)).toEqual(MAP);
    await server?.stop();
    for (const handler of [failure(503, "UNAVAILABLE"), failure(403, "OPERATOR_CLOSED"), json({}), () => undefined]) {
      expect(await operator.glance(await scripted(handler), 200)).toBeUndefined();
      expect(server?.requests).toHaveLength(1);
      await server?.stop();
    }
    server = undefined;
    expect(await operator.glance("http://127.0.0.1:9/v1/stream/a", 200)).toBeUndefined();
    expect(await operator.glance("http://127.0.0.1:9/elsewhere/a", 200)).toBeUndefined();
  });
});

describe("segment objects", () => {
  it("an object, one that the bucket lacks, and an offset in no segment are told apart", async () => {
    const url = await scripted(
      (_request, response) => response.writeHead(200).end("bytes"),
      failure(500, "SEGMENT_MISSING"),
      failure(404, "SEGMENT_NOT_FOUND"),
    );
    expect(await operator.segmentObject(url, "7")).toMatchObject({ kind: "object", bytes: Buffer.from("bytes") });
    expect(await operator.segmentObject(url, "7")).toEqual({ kind: "missing" });
    expect(await operator.segmentObject(url, "7")).toEqual({ kind: "not-sealed" });
    expect(server?.requests).toEqual(Array(3).fill("GET /v1/__ds/streams/default/segment/rooms/42?at=7"));
  });
});

describe("catch-up", () => {
  it("the head of every answer comes before its content, with the incarnation of our server's entity tags", async () => {
    const incarnation = "0b0c2a5e-6c56-4b13-9f6f-3d1b1f0a9c11";
    const offset = (position: number): string => `0000000000000000_${String(position).padStart(16, "0")}`;
    const page =
      (start: number, etag: string): Handler =>
      (_request, response) =>
        response
          .writeHead(200, {
            "content-type": "text/plain",
            "stream-next-offset": offset(start + 1),
            ...(start === 2 ? { "stream-up-to-date": "true" } : {}),
            etag,
          })
          .end("x");
    const url = await scripted(
      page(0, `"${incarnation}:${offset(0)}:${offset(1)}:m"`),
      page(1, `W/"${incarnation}:${offset(1)}:${offset(2)}:m"`),
      page(2, `"some-other-server"`),
    );
    const seen: (string | undefined)[] = [];
    for await (const { pieces } of client.catchUp(url, { onPage: (head) => void seen.push(head.incarnation) })) {
      seen.push(...pieces.map((piece) => Buffer.from(piece).toString()));
    }
    expect(seen).toEqual([incarnation, "x", incarnation, "x", undefined, "x"]);
  });
});
