import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import {
  APPEND_MAX_MESSAGES,
  APPEND_QUEUE_MAX_BYTES,
  BODY_MAX_BYTES,
  FORK_ANCESTORS_MAX,
  HEADER_VALUE_MAX_BYTES,
  PATH_MAX_BYTES,
  SEGMENT_MAX_MESSAGES_DEFAULT,
} from "../../src/protocol/limits.ts";
import { AUTH_PROVOCATIONS } from "./auth/support/provocations.ts";
import { ErrorLog } from "./support/error-log.ts";
import { holdCommits } from "./support/object-state.ts";
import { WatchedBucket } from "./support/bucket.ts";
import { sealAll, segmentKeys } from "./support/sealing.ts";
import { createStream, freshName, offsetAt, producer, sendTo, StreamClient } from "./support/stream-client.ts";
import { SUBSCRIPTION_PROVOCATIONS } from "./subscriptions/support/provocations.ts";

// The real limits are too many to bring about.
vi.mock(import("../../src/protocol/limits.ts"), async (original) => ({
  ...(await original()),
  LIVE_READERS_MAX: 0 as 30_000,
  PROJECT_SUBSCRIPTIONS_MAX: 2 as 10_000,
  SUBSCRIPTION_LINKS_MAX: 2 as 100_000,
}));

interface Provocation {
  readonly status: number;
  /** A request that gets this error; the stream it is given holds one JSON message. */
  readonly provoke: (stream: StreamClient) => Promise<Response>;
}

const send = sendTo();
const operate = sendTo({}, { OPERATOR_API: "open" });

function fork(headers: Record<string, string>, name = freshName("fork")): Promise<Response> {
  return send(`/v1/stream/${name}`, { method: "PUT", headers });
}

function forkOf({ path }: StreamClient, headers: Record<string, string> = {}, name?: string): Promise<Response> {
  return fork({ "Stream-Forked-From": path, ...headers }, name);
}

/** A stream whose messages lie in a segment. */
async function createHistory(): Promise<StreamClient> {
  const messages = Array.from({ length: SEGMENT_MAX_MESSAGES_DEFAULT }, (_, i) => String(i));
  const stream = await createStream({ body: `[${messages.join(",")}]` });
  await sealAll(stream);
  return stream;
}

/** Reads history from a bucket that does something else than it is asked for. */
async function readFailing(get: () => Promise<unknown>): Promise<Response> {
  const stream = await createHistory();
  using bucket = new WatchedBucket();
  bucket.intercept((call) => (call.method === "get" || call.method === "head" ? get() : call.real()));
  return await stream.get("?offset=-1");
}

/** One request for every code there is: the compiler asks for a new line here when a code is added. */
const PROVOCATIONS: Readonly<Record<ErrorCode, Provocation>> = {
  ROUTE_NOT_FOUND: { status: 404, provoke: () => send("/") },
  METHOD_NOT_ALLOWED: { status: 405, provoke: ({ path }) => send(path, { method: "PATCH" }) },
  HOST_NOT_ALLOWED: { status: 421, provoke: ({ path }) => sendTo({}, { ALLOWED_HOSTS: "localhost" })(path) },
  BINDING_MISSING: { status: 500, provoke: ({ path }) => sendTo({}, { STREAMS: undefined })(path) },
  INVALID_VARIABLE: { status: 500, provoke: ({ path }) => sendTo({}, { SEGMENT_MAX_MESSAGES: "1e3" })(path) },
  INTERNAL: { status: 500, provoke: ({ path }) => failing(new Error("broken"))(path) },
  UNAVAILABLE: {
    status: 503,
    provoke: ({ path }) => failing(Object.assign(new Error("moved"), { retryable: true }))(path),
  },

  INVALID_PATH: { status: 400, provoke: () => send("/v1/stream/a//b") },
  PATH_TOO_LONG: { status: 414, provoke: () => send(`/v1/stream/${"x".repeat(PATH_MAX_BYTES + 1)}`) },
  RESERVED_PATH: { status: 404, provoke: () => send("/v1/stream/__ds/x") },
  INVALID_PROJECT: { status: 400, provoke: () => send("/v1/%20/stream/x") },

  INVALID_OFFSET: { status: 400, provoke: (stream) => stream.get("?offset=1") },
  INVALID_LIMIT: { status: 400, provoke: ({ name }) => operate(`/v1/__ds/streams/default/segments/${name}?limit=0`) },
  OFFSET_BEYOND_TAIL: { status: 400, provoke: (stream) => stream.get(`?offset=${offsetAt(2)}`) },
  INVALID_LIVE_MODE: { status: 400, provoke: (stream) => stream.get("?offset=-1&live=true") },
  OFFSET_REQUIRED: { status: 400, provoke: (stream) => stream.get("?live=sse") },

  INVALID_CONTENT_TYPE: { status: 400, provoke: (stream) => stream.put({ headers: { "Content-Type": "json" } }) },
  CONTENT_TYPE_REQUIRED: {
    status: 400,
    provoke: ({ path }) => send(path, { method: "POST", body: new TextEncoder().encode("1") }),
  },
  HEADER_TOO_LONG: {
    status: 400,
    provoke: (stream) => stream.post("1", { "Stream-Seq": "s".repeat(HEADER_VALUE_MAX_BYTES + 1) }),
  },
  INVALID_TTL: { status: 400, provoke: (stream) => stream.put({ headers: { "Stream-TTL": "1.5" } }) },
  INVALID_EXPIRES_AT: { status: 400, provoke: (stream) => stream.put({ headers: { "Stream-Expires-At": "soon" } }) },
  TTL_AND_EXPIRES_AT: {
    status: 400,
    provoke: (stream) => stream.put({ headers: { "Stream-TTL": "1", "Stream-Expires-At": "2099-01-01T00:00:00Z" } }),
  },
  INVALID_PRODUCER: { status: 400, provoke: (stream) => stream.post("1", { "Producer-Id": "p" }) },
  INVALID_STREAM_SEQ: { status: 400, provoke: (stream) => stream.post("1", { "Stream-Seq": "" }) },

  INVALID_FORK_SOURCE: { status: 400, provoke: () => fork({ "Stream-Forked-From": "orders" }) },
  INVALID_FORK_OFFSET: { status: 400, provoke: (stream) => forkOf(stream, { "Stream-Fork-Offset": "1" }) },
  INVALID_FORK_SUB_OFFSET: { status: 400, provoke: (stream) => forkOf(stream, { "Stream-Fork-Sub-Offset": "-1" }) },
  FORK_HEADERS_ALONE: { status: 400, provoke: () => fork({ "Stream-Fork-Sub-Offset": "0" }) },
  FORK_OFFSET_BEYOND_TAIL: { status: 400, provoke: (stream) => forkOf(stream, { "Stream-Fork-Offset": offsetAt(2) }) },
  FORK_SOURCE_NOT_FOUND: { status: 404, provoke: () => fork({ "Stream-Forked-From": "/v1/stream/never-created" }) },
  FORK_SOURCE_GONE: {
    status: 409,
    provoke: async (stream) => {
      await forkOf(stream);
      await stream.delete();
      return forkOf(stream);
    },
  },
  FORK_TOO_DEEP: {
    status: 409,
    provoke: async (stream) => {
      let last = stream;
      for (let depth = 1; depth <= FORK_ANCESTORS_MAX; depth++) {
        const answer = await forkOf(last, {}, `deep-${String(depth)}-${stream.name}`);
        if (answer.status !== 201) return answer;
        last = new StreamClient(`deep-${String(depth)}-${stream.name}`, "application/json", send);
        await last.append("1");
      }
      return forkOf(last);
    },
  },
  FORK_ACROSS_PROJECTS: {
    status: 403,
    provoke: ({ path }) =>
      send(`/v1/other/stream/${freshName()}`, { method: "PUT", headers: { "Stream-Forked-From": path } }),
  },

  EMPTY_BODY: { status: 400, provoke: (stream) => stream.post("") },
  EMPTY_ARRAY: { status: 400, provoke: (stream) => stream.post("[]") },
  INVALID_JSON: { status: 400, provoke: (stream) => stream.post("{") },
  BODY_INCOMPLETE: { status: 400, provoke: (stream) => stream.post(brokenBody()) },
  BODY_TOO_LARGE: { status: 413, provoke: (stream) => stream.post(new Uint8Array(BODY_MAX_BYTES + 1)) },
  TOO_MANY_MESSAGES: { status: 413, provoke: (stream) => stream.post(`[${"0,".repeat(APPEND_MAX_MESSAGES)}0]`) },

  STREAM_GONE: {
    status: 410,
    provoke: async (stream) => {
      await forkOf(stream);
      await stream.delete();
      return stream.get();
    },
  },
  PATH_HELD_BY_FORKS: {
    status: 409,
    provoke: async (stream) => {
      await forkOf(stream);
      await stream.delete();
      return stream.put();
    },
  },
  STREAM_NOT_FOUND: { status: 404, provoke: ({ path }) => send(`${path}-not`) },
  STREAM_CONFIG_MISMATCH: {
    status: 409,
    provoke: (stream) => stream.put({ headers: { "Content-Type": "text/plain" } }),
  },
  STREAM_CLOSED: {
    status: 409,
    provoke: async (stream) => {
      await stream.close();
      return stream.post("1");
    },
  },
  CONTENT_TYPE_MISMATCH: { status: 409, provoke: (stream) => stream.post("a", { "Content-Type": "text/plain" }) },
  STREAM_SEQ_REGRESSION: {
    status: 409,
    provoke: async (stream) => {
      await stream.append("1", { "Stream-Seq": "b" });
      return stream.post("1", { "Stream-Seq": "a" });
    },
  },
  STALE_EPOCH: {
    status: 403,
    provoke: async (stream) => {
      await stream.append("1", producer("p", 1, 0));
      return stream.post("1", producer("p", 0, 0));
    },
  },
  SEQUENCE_GAP: { status: 409, provoke: (stream) => stream.post("1", producer("p", 0, 1)) },
  EPOCH_MUST_START_AT_ZERO: {
    status: 400,
    provoke: async (stream) => {
      await stream.append("1", producer("p", 0, 0));
      return stream.post("1", producer("p", 1, 1));
    },
  },

  SEGMENT_NOT_FOUND: { status: 404, provoke: ({ name }) => operate(`/v1/__ds/streams/default/segment/${name}?at=-1`) },
  SEGMENT_UNAVAILABLE: { status: 503, provoke: () => readFailing(() => Promise.reject(new Error("R2 is down"))) },
  SEGMENT_MISSING: { status: 500, provoke: () => readFailing(() => Promise.resolve(null)) },
  SEGMENT_CORRUPT: {
    status: 500,
    provoke: async () => {
      const stream = await createHistory();
      for (const key of await segmentKeys(stream)) await env.R2.put(key, new Uint8Array(100_000));
      return stream.get("?offset=-1");
    },
  },
  OPERATOR_CLOSED: { status: 403, provoke: ({ name }) => send(`/v1/__ds/streams/default/inspect/${name}`) },

  ...AUTH_PROVOCATIONS,
  ...SUBSCRIPTION_PROVOCATIONS,

  TOO_MANY_STREAMS: {
    status: 409,
    provoke: async () => {
      const limited = sendTo({ settingsOf: () => Promise.resolve({ corsOrigins: ["*"], streamsMax: 1 }) });
      const root = `/v1/p${crypto.randomUUID()}/stream`;
      await limited(`${root}/first`, { method: "PUT" });
      return limited(`${root}/second`, { method: "PUT" });
    },
  },
  TOO_MANY_READERS: { status: 429, provoke: (stream) => stream.get("?offset=now&live=sse") },
  APPEND_QUEUE_FULL: {
    status: 429,
    provoke: async () => {
      const stream = await createStream({ contentType: "application/octet-stream" });
      const goOn = await holdCommits(stream);
      const body = new Uint8Array(BODY_MAX_BYTES);
      // The first is committed at once, and as many as may wait do; the last has its answer while they are still waiting.
      const fitting = Array.from({ length: 1 + APPEND_QUEUE_MAX_BYTES / BODY_MAX_BYTES }, () => stream.post(body));
      const [, refused] = await Promise.all([fitting[0], stream.post(body)]);
      await goOn();
      await Promise.all(fitting);
      return refused;
    },
  },
};

const RETRYABLE = new Set<string>([
  "INTERNAL",
  "UNAVAILABLE",
  "KEYS_UNAVAILABLE",
  "SEGMENT_UNAVAILABLE",
  "TOO_MANY_READERS",
  "APPEND_QUEUE_FULL",
]);

/** What stands beside code and message. */
const DETAILS: Readonly<Record<string, readonly string[]>> = { ALREADY_CLAIMED: ["current_holder", "generation"] };

/** Failures of the server's own, which its log tells more of. */
const LOGGED = new Set<string>([
  "INTERNAL",
  "UNAVAILABLE",
  "KEYS_UNAVAILABLE",
  "SEGMENT_UNAVAILABLE",
  "SEGMENT_MISSING",
  "SEGMENT_CORRUPT",
]);

/** A stream that is made while the machine has too much to do comes into the list later, and the log says so. */
function isOfBusyMachine(line: string): boolean {
  return line.includes("could not be put into the directory, and will be later");
}

/** Answers of the operator API, and of projects that list no origins: no page of another origin may read them. */
const UNSHARED = new Set<string>([
  "INVALID_LIMIT",
  "SEGMENT_NOT_FOUND",
  "OPERATOR_CLOSED",
  ...Object.keys(AUTH_PROVOCATIONS).filter((code) => code !== "RATE_LIMITED"),
]);

function brokenBody(): ReadableStream {
  return new ReadableStream({
    start: (controller) => {
      controller.error(new Error("the client went away"));
    },
  });
}

/** A Worker whose way to the objects fails. */
function failing(error: Error): ReturnType<typeof sendTo> {
  const getByName = (): never => {
    throw error;
  };
  return sendTo({}, { STREAMS: { getByName } });
}

describe("errors: every code can be met, and tells what to do", () => {
  test.each(Object.entries(PROVOCATIONS))(
    "%s",
    async (code, { status, provoke }) => {
      using log = new ErrorLog();
      const stream = await createStream({ body: "[1]" });
      const answer = await provoke(stream);
      const body = await answer.json<{ error: { code: string; message: string } }>();
      expect([answer.status, body.error.code]).toEqual([status, code]);
      expect(Object.keys(body.error)).toEqual(["code", "message", ...(DETAILS[code] ?? [])]);
      expect(body.error.message).toMatch(/^\S.* .*[.\]}]$/);
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe(UNSHARED.has(code) ? null : "*");
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(answer.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(answer.headers.get("Retry-After")).toBe(code === "RATE_LIMITED" ? "10" : RETRYABLE.has(code) ? "1" : null);
      if (!LOGGED.has(code)) expect(log.take().filter((line) => !isOfBusyMachine(line))).toEqual([]);
    },
    // 256 forks, one after the other.
    300_000,
  );

  test("the headers that go with an error tell a program how to go on", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.append("2", producer("p", 3, 0));
    const stale = await stream.post("3", producer("p", 2, 0));
    expect(stale.headers.get("Producer-Epoch")).toBe("3");
    const gap = await stream.post("3", producer("p", 3, 5));
    expect([gap.headers.get("Producer-Expected-Seq"), gap.headers.get("Producer-Received-Seq")]).toEqual(["1", "5"]);
    await stream.close();
    const closed = await stream.post("3");
    expect([closed.headers.get("Stream-Closed"), closed.headers.get("Stream-Next-Offset")]).toEqual([
      "true",
      offsetAt(2),
    ]);
  });

  test("closure comes before everything else that is wrong with an append", async () => {
    const stream = await createStream({ body: "[1]" });
    await stream.append("2", producer("p", 1, 0));
    await stream.close();
    const wrong = [
      stream.post("{", {}),
      stream.post("[]"),
      stream.post("x", { "Content-Type": "text/plain" }),
      stream.post("1", producer("p", 0, 0)),
      stream.post("1", producer("q", 0, 7)),
    ];
    for (const answer of await Promise.all(wrong)) {
      expect([answer.status, answer.headers.get("Stream-Closed")]).toEqual([409, "true"]);
    }
  });

  test("a value of the client's is quoted, on one line and cut short", async () => {
    const answer = await send(`/v1/stream/a?offset=${encodeURIComponent(`<script>\n${"x".repeat(500)}`)}`);
    const text = await answer.text();
    expect(text).not.toContain("\n");
    expect(text.length).toBeLessThan(300);
  });
});
