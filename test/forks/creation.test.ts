import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { FORK_ANCESTORS_MAX } from "../../src/protocol/limits.ts";
import type { GrantRequest } from "../../src/worker/stream/fork.ts";
import type { AuthResult } from "../../src/worker/create-stream-worker.ts";
import { onlyByHand, runHandler } from "../worker/support/alarms.ts";
import { Clock } from "../worker/support/clock.ts";
import { ErrorLog } from "../worker/support/error-log.ts";
import { keepObjectsFast } from "../worker/support/fast-objects.ts";
import { NOTHING_STORED, storedState } from "../worker/support/object-state.ts";
import { createSealed } from "../worker/support/sealing.ts";
import {
  createStream,
  errorCode,
  freshName,
  nextOffset,
  offsetAt,
  producer,
  sendTo,
  StreamClient,
} from "../worker/support/stream-client.ts";
import { WatchedSources } from "./support/between-objects.ts";
import {
  createFork,
  expectNothingLeft,
  forkHeaders,
  freshLike,
  putFork,
  referencedNames,
  references,
  runAllAlarms,
  settle,
  type ForkOptions,
} from "./support/forks.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const FORK_HEADERS = ["Stream-Forked-From", "Stream-Fork-Offset", "Stream-Fork-Sub-Offset"];

beforeAll(keepObjectsFast);

/** Four messages, two of them in one append. */
async function four(options: { readonly headers?: Readonly<Record<string, string>> } = {}): Promise<StreamClient> {
  const stream = await createStream({ ...options, body: "[0,1]" });
  await stream.append("2");
  await stream.append("3");
  return stream;
}

/** A source that was deleted and is there for a fork of it alone. */
async function softDeleted(): Promise<{ source: StreamClient; fork: StreamClient }> {
  const source = await four();
  const fork = await createFork(source);
  await source.delete();
  return { source, fork };
}

/** Nothing of a refused fork is stored, here or at its source, as soon as alarms have run. */
async function expectNoTrace(fork: StreamClient, source: StreamClient, before: unknown): Promise<void> {
  await runAllAlarms([fork, source]);
  expect(await storedState(fork)).toEqual(NOTHING_STORED);
  expect(await references(source)).toEqual([]);
  const { tables } = await storedState(source);
  const { fork: _forks, ...others } = tables;
  expect(others).toEqual(before);
}

describe("creating a fork: what is refused (section 4.2)", () => {
  test.each<[string, ForkOptions, number, string]>([
    ["an offset past the tail", { offset: 5 }, 400, "FORK_OFFSET_BEYOND_TAIL"],
    ["an offset that is none", { headers: { "Stream-Fork-Offset": "4" } }, 400, "INVALID_FORK_OFFSET"],
    ["an offset of words", { headers: { "Stream-Fork-Offset": "now" } }, 400, "INVALID_FORK_OFFSET"],
    ["a sub-offset past the tail", { offset: 3, subOffset: 2 }, 400, "INVALID_FORK_SUB_OFFSET"],
    ["a sub-offset past the tail, without an offset", { subOffset: 1 }, 400, "INVALID_FORK_SUB_OFFSET"],
    ["a sub-offset that is none", { headers: { "Stream-Fork-Sub-Offset": "-1" } }, 400, "INVALID_FORK_SUB_OFFSET"],
    ["another content type", { headers: { "Content-Type": "text/plain" } }, 409, "CONTENT_TYPE_MISMATCH"],
    ["a content type that is none", { headers: { "Content-Type": "json" } }, 400, "INVALID_CONTENT_TYPE"],
    ["a TTL that is none", { headers: { "Stream-TTL": "soon" } }, 400, "INVALID_TTL"],
    ["a body that the source's content type does not allow", { body: "{" }, 400, "INVALID_JSON"],
    ["a body that its own content type does not allow", { headers: JSON_TYPE, body: "[1,]" }, 400, "INVALID_JSON"],
  ])("%s, and nothing of it is stored in either object", async (_what, options, status, code) => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await four();
    const { tables } = await storedState(source);
    const fork = freshLike(source);
    const answer = await putFork(source, fork, options);
    expect([answer.status, await errorCode(answer)]).toEqual([status, code]);
    await expectNoTrace(fork, source, tables);
    expect((await fork.get()).status).toBe(404);
  });

  test("a source that is not there: 404, and nothing is stored in either object", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = new StreamClient(freshName(), "application/json", sendTo());
    const fork = freshLike(source);
    const answer = await putFork(source, fork);
    expect([answer.status, await errorCode(answer)]).toEqual([404, "FORK_SOURCE_NOT_FOUND"]);
    await runAllAlarms([fork, source]);
    await expectNothingLeft([fork, source]);
  });

  test("a stream that is to be a fork of itself: 404 while there is none, 409 when there is", async () => {
    const stream = new StreamClient(freshName(), "application/json", sendTo());
    const answer = await putFork(stream, stream);
    expect([answer.status, await errorCode(answer)]).toEqual([404, "FORK_SOURCE_NOT_FOUND"]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
    await stream.put();
    expect((await putFork(stream, stream)).status).toBe(409);
    expect(await references(stream)).toEqual([]);
  });

  test("a source that was deleted and is there for its forks alone: 409", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const { source, fork } = await softDeleted();
    const other = freshLike(source);
    const answer = await putFork(source, other);
    expect([answer.status, await errorCode(answer)]).toEqual([409, "FORK_SOURCE_GONE"]);
    await runAllAlarms([other]);
    expect(await storedState(other)).toEqual(NOTHING_STORED);
    expect(await referencedNames(source)).toEqual([fork.name]);
  });

  test("a path that a deleted stream holds for its forks: 409, for a fork as for a stream", async () => {
    const { source } = await softDeleted();
    const another = await four();
    for (const answer of [await source.put(), await putFork(another, source)]) {
      expect([answer.status, await errorCode(answer)]).toEqual([409, "PATH_HELD_BY_FORKS"]);
    }
    expect(await references(another)).toEqual([]);
  });

  test("a path where a stream is already: 409, and the source gets no reference", async () => {
    const source = await four();
    const taken = await createStream({ body: "[9]" });
    const answer = await putFork(source, taken);
    expect([answer.status, await errorCode(answer)]).toEqual([409, "STREAM_CONFIG_MISMATCH"]);
    expect(await taken.readMessages()).toEqual([9]);
    expect(await references(source)).toEqual([]);
  });

  test.each([
    ["Stream-Fork-Offset", offsetAt(0)],
    ["Stream-Fork-Sub-Offset", "0"],
  ])("%s alone: 400, and no stream is made of it", async (header, value) => {
    const stream = new StreamClient(freshName(), "application/json", sendTo());
    const answer = await stream.put({ headers: { [header]: value } });
    expect([answer.status, await errorCode(answer)]).toEqual([400, "FORK_HEADERS_ALONE"]);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test.each([
    "",
    "orders",
    "v1/stream/orders",
    "http://streams.test/v1/stream/orders",
    "//streams.test/v1/stream/orders",
    "/orders",
    "/v1/health",
    "/v1/stream/",
    "/v1/stream/a//b",
    "/v1/stream/__ds",
    "/v1/stream/%zz",
    "/v1/__ds/stream/orders",
    "/v1/__ds/streams/default/inspect/orders",
    "/v1/stream/orders?x=1",
    "/v1/stream/orders#x",
    "/v1/no project/stream/orders",
  ])("a source %j, which is no path of a stream here: 400", async (path) => {
    const fork = new StreamClient(freshName(), "application/json", sendTo());
    const answer = await putFork(path, fork);
    expect([answer.status, await errorCode(answer)]).toEqual([400, "INVALID_FORK_SOURCE"]);
    expect(await storedState(fork)).toEqual(NOTHING_STORED);
  });

  test(`a fork that would inherit from more than ${String(FORK_ANCESTORS_MAX)} streams: 409, without a trace`, async () => {
    using clock = new Clock();
    onlyByHand(clock);
    let last = await createStream({ body: "[0]" });
    for (let i = 1; i < FORK_ANCESTORS_MAX; i++) last = await createFork(last, { body: `[${String(i)}]` });
    const deepest = await createFork(last, { body: "[-1]" });
    const answer = await putFork(deepest, freshLike(last));
    expect([answer.status, await errorCode(answer)]).toEqual([409, "FORK_TOO_DEEP"]);
    expect(await references(deepest)).toEqual([]);
    // What it holds as its own is what counts: without the last message there is one stream less.
    const fork = await createFork(deepest, { offset: FORK_ANCESTORS_MAX });
    expect(await fork.readMessages()).toEqual(Array.from({ length: FORK_ANCESTORS_MAX }, (_, i) => i));
  });
});

describe("creating a fork: what it takes from its source", () => {
  const EARLY = "2097-01-01T00:00:00Z";
  const LATE = "2099-01-01T00:00:00Z";

  test.each<[string, Record<string, string>, Record<string, string>, [string | null, string | null]]>([
    ["neither says anything", {}, {}, [null, null]],
    ["the source's TTL", { "Stream-TTL": "600" }, {}, ["600", null]],
    ["the source's end", { "Stream-Expires-At": EARLY }, {}, [null, EARLY]],
    ["a TTL of its own", {}, { "Stream-TTL": "60" }, ["60", null]],
    ["an end of its own", {}, { "Stream-Expires-At": EARLY }, [null, EARLY]],
    ["its own TTL, longer than the source's", { "Stream-TTL": "600" }, { "Stream-TTL": "6000" }, ["6000", null]],
    ["its own TTL, where the source has an end", { "Stream-Expires-At": EARLY }, { "Stream-TTL": "60" }, ["60", null]],
    ["its own end, where the source has a TTL", { "Stream-TTL": "60" }, { "Stream-Expires-At": LATE }, [null, LATE]],
    [
      "its own end, later than the source's",
      { "Stream-Expires-At": EARLY },
      { "Stream-Expires-At": LATE },
      [null, LATE],
    ],
  ])("its end: %s", async (_row, of, own, expected) => {
    const source = await four({ headers: of });
    const fork = await createFork(source, { headers: own });
    const { headers } = await fork.head();
    expect([headers.get("Stream-TTL"), headers.get("Stream-Expires-At")]).toEqual(expected);
    await evictDurableObject(fork.object);
    const again = await fork.head();
    expect([again.headers.get("Stream-TTL"), again.headers.get("Stream-Expires-At")]).toEqual(expected);
  });

  test("the TTL that it takes is a window of its own, which begins when it is created", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await four({ headers: { "Stream-TTL": "600" } });
    clock.advanceSeconds(500);
    const fork = await createFork(source);
    clock.advanceSeconds(400);
    expect((await source.get()).status).toBe(410);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3]);
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "application/octet-stream",
    "Text/CSV",
  ])("without a Content-Type it is %s like its source, word for word", async (contentType) => {
    const source = await createStream({ contentType, body: "11" });
    for (const headers of [{}, { "Content-Type": "" }]) {
      const fork = freshLike(source);
      const answer = await putFork(source, fork, { headers, body: "22" });
      expect([answer.status, answer.headers.get("Content-Type")]).toEqual([201, contentType]);
      expect((await fork.get()).headers.get("Content-Type")).toBe(contentType);
      const isJson = contentType.startsWith("application/json");
      expect(await (await fork.get()).text()).toBe(isJson ? "[11,22]" : "1122");
    }
  });

  test("a body without a Content-Type is divided by the source's: an array is its messages", async () => {
    const source = await createStream({ body: "[1]" });
    const fork = await createFork(source, { body: '[2,[3],{"a":4}]' });
    expect(await fork.readMessages()).toEqual([1, 2, [3], { a: 4 }]);
    expect(nextOffset(await fork.head())).toBe(offsetAt(4));
  });

  test.each([
    ["its source's content type as it is", {}],
    ["the same content type by its name", JSON_TYPE],
    ["the same content type in another spelling", { "Content-Type": "Application/Json; charset=UTF-8" }],
  ])("its first messages follow what it inherits, with %s", async (_how, headers) => {
    const source = await four();
    const fork = freshLike(source);
    const answer = await putFork(source, fork, { offset: 1, subOffset: 1, headers, body: "[7,8]" });
    expect([answer.status, nextOffset(answer)]).toEqual([201, offsetAt(4)]);
    expect(await fork.readMessages()).toEqual([0, 1, 7, 8]);
    await fork.append("9");
    expect(await fork.readMessages(offsetAt(2))).toEqual([7, 8, 9]);
    expect(await source.readMessages()).toEqual([0, 1, 2, 3]);
  });

  test("an empty source, and the beginning of any, can be forked", async () => {
    const empty = await createStream();
    expect(await (await createFork(empty, { body: "[1]" })).readMessages()).toEqual([1]);
    const fork = await createFork(await four(), { offset: 0, body: "[1]" });
    expect(await fork.readMessages()).toEqual([1]);
  });

  test("a closed source can be forked, and its fork is open, unless it is created closed", async () => {
    const source = await four();
    await source.close("4");
    const fork = await createFork(source);
    expect((await fork.head()).headers.get("Stream-Closed")).toBeNull();
    await fork.append("5");
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3, 4, 5]);
    const closed = await createFork(source, { headers: { "Stream-Closed": "true" } });
    const answer = await closed.get();
    expect([answer.headers.get("Stream-Closed"), await answer.json()]).toEqual(["true", [0, 1, 2, 3, 4]]);
    expect((await closed.post("5")).status).toBe(409);
  });

  test("writers begin anew: neither producers nor Stream-Seq are inherited", async () => {
    const source = await four();
    await source.append("4", { ...producer("p", 3, 0), "Stream-Seq": "m" });
    const fork = await createFork(source);
    await fork.append("5", { ...producer("p", 0, 0), "Stream-Seq": "a" });
    expect((await fork.post("6", { "Stream-Seq": "a" })).status).toBe(409);
    expect((await source.post("6", { "Stream-Seq": "b" })).status).toBe(409);
    expect((await source.post("6", producer("p", 2, 0))).status).toBe(403);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("nothing of a stream's visibility is inherited", async () => {
    const source = new StreamClient(`${freshName()}?public=true`, "application/json", sendTo());
    expect((await source.put()).status).toBe(201);
    const fork = freshLike(source);
    const [path = ""] = source.path.split("?");
    expect((await putFork(path, fork)).status).toBe(201);
    expect((await fork.object.inspect())?.public).toBe(false);
  });

  test("no answer about a fork carries a header of forks", async () => {
    const source = await four();
    const fork = freshLike(source);
    const answers = [
      await putFork(source, fork, { offset: 2, subOffset: 1 }),
      await putFork(source, fork, { offset: 2, subOffset: 1 }),
      await fork.head(),
      await fork.get(),
      await fork.get("?offset=-1&live=sse"),
      await fork.post("1"),
      await putFork(source, fork),
      await fork.delete(),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200, 204, 409, 204]);
    for (const { headers, body } of answers) {
      expect(FORK_HEADERS.filter((name) => headers.has(name))).toEqual([]);
      await body?.cancel();
    }
  });
});

describe("creating a fork again", () => {
  const CREATED: ForkOptions = { offset: 1, subOffset: 2, headers: { ...JSON_TYPE, "Stream-TTL": "600" }, body: "[9]" };

  test.each<[string, ForkOptions]>([
    ["the same request", CREATED],
    ["without the offset", { ...CREATED, offset: undefined }],
    ["without the Content-Type", { ...CREATED, headers: { "Stream-TTL": "600" } }],
    ["without the TTL", { ...CREATED, headers: JSON_TYPE }],
    ["without a body", { ...CREATED, body: undefined }],
    ["with another body", { ...CREATED, body: "[10,11]" }],
    ["with a body that is no JSON, and no Content-Type", { ...CREATED, headers: {}, body: "{" }],
  ])("%s is confirmed with 200, and changes nothing", async (_which, again) => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await four();
    const fork = freshLike(source);
    expect((await putFork(source, fork, CREATED)).status).toBe(201);
    await source.append("[4,5]");
    await fork.append("10");
    const before = [await storedState(source), await storedState(fork)];
    const answer = await putFork(source, fork, again);
    expect([answer.status, nextOffset(answer)]).toEqual([200, offsetAt(5)]);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 9, 10]);
    expect([await storedState(source), await storedState(fork)]).toEqual(before);
    expect(await references(source)).toHaveLength(1);
  });

  test("an offset that was left out stays what it was, after the source has grown", async () => {
    const source = await four();
    const fork = await createFork(source);
    await source.append("4");
    expect((await putFork(source, fork)).status).toBe(200);
    expect((await putFork(source, fork, { offset: 4 })).status).toBe(200);
    expect((await putFork(source, fork, { offset: 5 })).status).toBe(409);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3]);
  });

  test("it is confirmed when the source was deleted since, and when another one has its name", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await four();
    const fork = await createFork(source, { offset: 2 });
    await source.delete();
    expect((await putFork(source, fork, { offset: 2 })).status).toBe(200);
    await evictDurableObject(fork.object);
    expect((await putFork(source, fork)).status).toBe(200);
    expect(await fork.readMessages()).toEqual([0, 1]);
  });

  test.each<[string, (source: StreamClient) => Promise<[StreamClient, ForkOptions]> | [StreamClient, ForkOptions]]>([
    ["another source", async () => [await four(), CREATED]],
    ["another offset", (source) => [source, { ...CREATED, offset: 2 }]],
    ["the same end by another offset", (source) => [source, { ...CREATED, offset: 3, subOffset: 0 }]],
    ["another sub-offset", (source) => [source, { ...CREATED, subOffset: 1 }]],
    ["no sub-offset", (source) => [source, { ...CREATED, subOffset: undefined }]],
    ["another content type", (source) => [source, { ...CREATED, headers: { "Content-Type": "text/plain" } }]],
    ["another TTL", (source) => [source, { ...CREATED, headers: { "Stream-TTL": "601" } }]],
    ["a closed one", (source) => [source, { ...CREATED, headers: { "Stream-Closed": "true" } }]],
    ["an offset past the source's tail", (source) => [source, { ...CREATED, offset: 99 }]],
  ])("%s: 409, and nothing changes", async (_which, ask) => {
    const source = await four();
    const fork = freshLike(source);
    expect((await putFork(source, fork, CREATED)).status).toBe(201);
    const before = await storedState(fork);
    const [other, options] = await ask(source);
    const answer = await putFork(other, fork, options);
    expect([answer.status, await errorCode(answer)]).toEqual([409, "STREAM_CONFIG_MISMATCH"]);
    expect(await storedState(fork)).toEqual(before);
    if (other !== source) expect(await references(other)).toEqual([]);
  });

  test("asked for as a stream that is no fork: 409", async () => {
    const fork = await createFork(await four());
    const answer = await fork.put();
    expect([answer.status, await errorCode(answer)]).toEqual([409, "STREAM_CONFIG_MISMATCH"]);
  });

  test("twice at the same time it is made once, with one reference", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const source = await four();
    const fork = freshLike(source);
    const answers = await Promise.all([putFork(source, fork), putFork(source, fork), putFork(source, fork)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    await settle(clock, [source, fork], 1);
    expect(await referencedNames(source)).toEqual([fork.name]);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3]);
  });

  test("two forks of the same name at the same time: one is made, and only its source has a reference", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const sources = [await four(), await createStream({ body: "[7]" })] as const;
    const fork = freshLike(sources[0]);
    const answers = await Promise.all(sources.map((source) => putFork(source, fork)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    await settle(clock, [...sources, fork], 1);
    const held = await Promise.all(sources.map((source) => referencedNames(source)));
    expect(held).toEqual(answers.map(({ status }) => (status === 201 ? [fork.name] : [])));
  });

  test("two streams that are to be forks of each other wait for nothing, and neither is made", async () => {
    const [left, right] = [0, 1].map(() => new StreamClient(freshName(), "application/json", sendTo()));
    if (left === undefined || right === undefined) throw new Error("two names are two names");
    const answers = await Promise.all([putFork(left, right), putFork(right, left)]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });
});

describe("creating a fork: which stream is meant", () => {
  test.each([
    ["the short route", (name: string) => `/v1/stream/${name}`],
    ["the route with its project", (name: string) => `/v1/default/stream/${name}`],
    ["percent-encoded", (name: string) => `/v1/stream/${[...name].map((c) => (c === "-" ? "%2D" : c)).join("")}`],
    ["with segments that go back", (name: string) => `/v1/stream/elsewhere/../${name}`],
  ])("its source, given by %s", async (_which, pathOf) => {
    const source = await four();
    const fork = freshLike(source);
    expect((await putFork(pathOf(source.name), fork)).status).toBe(201);
    expect(await referencedNames(source)).toEqual([fork.name]);
    // And given another way it is the same.
    expect((await putFork(source, fork)).status).toBe(200);
  });

  test.each(["a/b/c", "größe", "a b", "100%", "a%2Fb", "😀", "q?x=1", "a#b", "+plus+", "..."])(
    "a path like %j, of the source and of the fork",
    async (odd) => {
      using clock = new Clock();
      onlyByHand(clock);
      const encoded = (hint: string): string => `${freshName(hint)}/${encodeURIComponent(odd)}`;
      const [from, to] = [encoded("from"), encoded("to")].map((path) => `/v1/stream/${path}`);
      if (from === undefined || to === undefined) throw new Error("two paths are two paths");
      const send = sendTo();
      await send(from, { method: "PUT", headers: JSON_TYPE, body: "[1,2]" });
      const answer = await send(to, { method: "PUT", headers: forkHeaders(from, { offset: 1 }) });
      expect(answer.status).toBe(201);
      expect(await (await send(to)).json()).toEqual([1]);
      expect((await send(from, { method: "DELETE" })).status).toBe(204);
      expect((await send(from)).status).toBe(410);
      expect((await send(to, { method: "DELETE" })).status).toBe(204);
      const nameOf = (path: string): string => `default/${decodeURIComponent(path.slice("/v1/stream/".length))}`;
      await runDurableObjectAlarm(env.STREAMS.getByName(nameOf(to)));
      expect((await send(from)).status).toBe(404);
    },
  );

  test("names as long as they may be are given back by the name that they were taken under", async () => {
    using clock = new Clock();
    onlyByHand(clock);
    const project = "p".repeat(64);
    const path = (hint: string): string => `/v1/${project}/stream/${freshName(hint).padEnd(1024, "x")}`;
    const [from, to] = [path("from"), path("to")];
    const send = sendTo();
    expect((await send(from, { method: "PUT", headers: JSON_TYPE, body: "[1,2]" })).status).toBe(201);
    expect((await send(to, { method: "PUT", headers: forkHeaders(from) })).status).toBe(201);
    await send(from, { method: "DELETE" });
    await send(to, { method: "DELETE" });
    const object = env.STREAMS.getByName(`${project}/${to.slice(to.lastIndexOf("/") + 1)}`);
    await evictDurableObject(object);
    await runDurableObjectAlarm(object);
    expect((await send(from)).status).toBe(404);
  });
});

describe("creating a fork: who may", () => {
  test("what decides about reads is asked about the source by the name of its object, with its URL and the headers", async () => {
    const source = await four();
    const asked: { doKey: string; method: string; url: string; authorization: string | null }[] = [];
    const send = sendTo({
      authorizeRead: ({ method, url, headers }, doKey) => {
        asked.push({ doKey, method, url, authorization: headers.get("Authorization") });
        return { ok: true };
      },
    });
    const fork = new StreamClient(freshName(), "application/json", send);
    expect((await putFork(source, fork, { headers: { Authorization: "Bearer x" } })).status).toBe(201);
    const url = `http://streams.test${source.path}`;
    expect(asked).toEqual([{ doKey: `default/${source.name}`, method: "GET", url, authorization: "Bearer x" }]);
  });

  test("its refusal is the answer, and nothing is stored", async () => {
    const source = await four();
    const refusal = (): AuthResult => ({ ok: false, response: new Response("who are you?", { status: 401 }) });
    const fork = new StreamClient(freshName(), "application/json", sendTo({ authorizeRead: refusal }));
    const answer = await putFork(source, fork);
    expect([answer.status, await answer.text()]).toEqual([401, "who are you?"]);
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(await storedState(fork)).toEqual(NOTHING_STORED);
    expect(await references(source)).toEqual([]);
  });

  test("a stream that is no fork is created without a question about reads", async () => {
    const send = sendTo({
      authorizeRead: () => {
        throw new Error("nobody reads");
      },
    });
    expect((await new StreamClient(freshName(), "application/json", send).put()).status).toBe(201);
  });

  test("across projects: 403 where nothing decides about reads, and only then", async () => {
    const source = await four();
    const path = `/v1/elsewhere/stream/${freshName()}`;
    const refused = await sendTo()(path, { method: "PUT", headers: forkHeaders(source) });
    expect([refused.status, await errorCode(refused)]).toEqual([403, "FORK_ACROSS_PROJECTS"]);
    expect(await references(source)).toEqual([]);
    expect((await sendTo()(path)).status).toBe(404);
    const asked: string[] = [];
    const send = sendTo({
      authorizeRead: (_request, doKey) => {
        asked.push(doKey);
        return { ok: doKey.startsWith("default/"), response: new Response(null, { status: 403 }) };
      },
    });
    expect((await send(path, { method: "PUT", headers: forkHeaders(source) })).status).toBe(201);
    expect(asked).toEqual([`default/${source.name}`]);
    expect(await (await sendTo()(path)).json()).toEqual([0, 1, 2, 3]);
    expect((await references(source)).map(({ fork }) => fork.split("/")[0])).toEqual(["elsewhere"]);
  });
});

describe("creating a fork: where its source's history lies", () => {
  test.each([0, 3, 5, 7, 10, 12])("at %i, of 12 messages of which 10 are sealed", async (offset) => {
    const source = await createSealed(12);
    const fork = await createFork(source, { offset, body: '["own"]' });
    expect(await fork.readMessages()).toEqual([...Array(offset).keys(), "own"]);
  });
});

describe("creating a fork: over two objects", () => {
  test("a request that reaches the source after the fork has given up takes no reference", async () => {
    using clock = new Clock();
    using log = new ErrorLog();
    using sources = new WatchedSources();
    onlyByHand(clock);
    const source = await four();
    const fork = freshLike(source);
    const late: GrantRequest[] = [];
    sources.watch(`default/${fork.name}`, {
      grant: ({ real }, request) =>
        late.push(request) === 1 ? Promise.reject(new Error("the connection was lost")) : Promise.resolve(real()),
      release: ({ real }) => Promise.resolve(real()),
    });
    expect((await putFork(source, fork)).status).toBe(500);
    expect(log.take()).toEqual(["the connection was lost"]);
    clock.advanceSeconds(61);
    await runAllAlarms([fork]);
    expect(await storedState(fork)).toEqual(NOTHING_STORED);
    const answers = await Promise.all([...late].map((request) => source.object.grantFork(request)));
    expect(answers.map((answer) => (answer.ok ? "taken" : answer.error.code))).toEqual(["UNAVAILABLE"]);
    expect(await references(source)).toEqual([]);
  });

  test("however long it takes, an alarm does not give back what is only just being taken", async () => {
    using clock = new Clock();
    using sources = new WatchedSources();
    onlyByHand(clock);
    const source = await four();
    const fork = freshLike(source);
    let [holding, goOn] = [(): void => undefined, (): void => undefined];
    const held = new Promise<void>((resolve) => (holding = resolve));
    const released = new Promise<void>((resolve) => (goOn = resolve));
    sources.watch(`default/${fork.name}`, {
      grant: async ({ real }) => {
        const granted = real();
        holding();
        await released;
        return granted;
      },
      release: ({ real }) => Promise.resolve(real()),
    });
    const answer = putFork(source, fork);
    await held;
    clock.advanceSeconds(61);
    await runHandler(fork);
    expect(await referencedNames(source)).toEqual([fork.name]);
    // Only inside the object its work may go on.
    await runInDurableObject(source.object, goOn);
    expect((await answer).status).toBe(201);
    await settle(clock, [source, fork], 1);
    expect(await referencedNames(source)).toEqual([fork.name]);
    expect(await fork.readMessages()).toEqual([0, 1, 2, 3]);
  });
});
