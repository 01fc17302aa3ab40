import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { AppendRequest, CreateRequest } from "../../src/worker/stream/operations.ts";
import { APPEND_QUEUE_MAX_BYTES } from "../../src/protocol/limits.ts";
import { jsonAppend } from "./support/append-request.ts";
import { ErrorLog } from "./support/error-log.ts";
import { failPayload, failStatements, NOTHING_STORED, storedState } from "./support/object-state.ts";
import { openSse, sseMessages } from "./support/sse-client.ts";
import {
  createStream,
  freshName,
  nextOffset,
  offsetAt,
  producer,
  sendTo,
  StreamClient,
} from "./support/stream-client.ts";

describe("atomicity: a group of appends is stored whole or not at all", () => {
  test("whichever statement fails, nothing of the group is left and every writer in it gets an error", async () => {
    let survived = 0;
    for (let statement = 1; survived === 0; statement++) {
      const stream = await createStream({ body: "[0]" });
      await stream.append("1", producer("a", 0, 0));
      const before = await storedState(stream);
      const repair = await failStatements(stream, statement);
      const large = JSON.stringify("x".repeat(2_000_000));
      const answers = await submitAsOneGroup(stream, [
        jsonAppend("2", { id: "a", epoch: 0, seq: 1 }),
        jsonAppend(large),
        jsonAppend("3", { id: "b", epoch: 0, seq: 0 }),
        { ...jsonAppend("4"), close: true },
      ]);
      await repair();
      if (answers.every(({ status }) => status === "fulfilled")) {
        survived = statement;
        continue;
      }
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => "rejected"));
      expect(await storedState(stream), `statement ${String(statement)}`).toEqual(before);
      // The stream goes on where it was: the retry is new data, and the tables it needs are made.
      expect((await stream.post("2", producer("a", 0, 1))).status).toBe(200);
      expect((await stream.post("3", producer("b", 0, 0))).status).toBe(200);
      await stream.append(large);
      expect(await stream.readMessages()).toEqual([0, 1, 2, 3, "x".repeat(2_000_000)]);
    }
    expect(survived).toBeGreaterThan(7);
  });

  test("an append that cannot be stored takes none of those with it that came at the same time", async () => {
    const stream = await createStream();
    const sse = await openSse(stream, "now");
    await sse.untilUpToDate();
    await failPayload(stream, "poison");
    const answers = await submitAsOneGroup(stream, [
      jsonAppend("1", { id: "a", epoch: 0, seq: 0 }),
      jsonAppend('"poison"', { id: "b", epoch: 0, seq: 0 }),
      jsonAppend("2"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await stream.readMessages()).toEqual([1, 2]);
    const { data } = await sse.until((control) => control.streamNextOffset === offsetAt(2));
    expect(sseMessages(data)).toEqual([1, 2]);
    await sse.cancel();
    expect((await stream.post("3", producer("b", 0, 0))).status).toBe(200);
    expect((await stream.post("1", producer("a", 0, 0))).status).toBe(204);
  });

  test("a writer over HTTP gets 500 without details, and the next append is stored at the offset it missed", async () => {
    using log = new ErrorLog();
    const stream = await createStream({ body: "[0]" });
    const repair = await failStatements(stream, 1);
    const answer = await stream.post("1");
    await repair();
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("injected");
    expect(log.take()).toEqual(["injected failure of statement 1"]);
    expect(await stream.append("2")).toBe(offsetAt(2));
    expect(await stream.readMessages()).toEqual([0, 2]);
  });

  test("a create that fails in the middle creates nothing and can be sent again", async () => {
    using log = new ErrorLog();
    for (const statement of [1, 2, 3]) {
      const stream = new StreamClient(freshName(), "application/json", sendTo());
      const repair = await failStatements(stream, statement);
      const failed = await stream.put({ body: "[1]" });
      await repair();
      expect(failed.status, `statement ${String(statement)}`).toBe(500);
      expect(log.take()).toEqual([`injected failure of statement ${String(statement)}`]);
      expect(await storedState(stream)).toEqual(NOTHING_STORED);
      expect((await stream.head()).status).toBe(404);
      expect((await stream.put({ body: "[2]" })).status).toBe(201);
      expect(await stream.readMessages()).toEqual([2]);
    }
  });
});

describe("atomicity: a refused request leaves nothing", () => {
  test("PUT with invalid JSON creates nothing", async () => {
    for (const body of ["{", "[1,]", "nope", "[1] 2", "\ufeff1"]) {
      const stream = new StreamClient(freshName(), "application/json", sendTo());
      expect((await stream.put({ body })).status, body).toBe(400);
      expect((await stream.head()).status).toBe(404);
      expect(await storedState(stream)).toEqual(NOTHING_STORED);
    }
  });

  test("a batch with a bad element stores none of its good ones, and does not use up a producer's number", async () => {
    const stream = await createStream({ body: "[0]" });
    const before = await storedState(stream);
    for (const body of ['[1,2,{"a":}]', "[1,2,03]", '["\\x"]', "[1,2", "[1,,2]", "[]"]) {
      expect((await stream.post(body, producer("p", 0, 0))).status, body).toBe(400);
    }
    expect(await storedState(stream)).toEqual(before);
    expect((await stream.post("[1,2]", producer("p", 0, 0))).status).toBe(200);
  });

  test("a refused append closes nothing, even when it asked for that", async () => {
    const stream = await createStream();
    expect((await stream.post("{", { "Stream-Closed": "true" })).status).toBe(400);
    expect((await stream.post("x", { "Content-Type": "text/plain", "Stream-Closed": "true" })).status).toBe(409);
    expect((await stream.post("1", { ...producer("p", 0, 4), "Stream-Closed": "true" })).status).toBe(409);
    expect((await stream.head()).headers.get("Stream-Closed")).toBeNull();
  });

  test("in a group the refused ones do not disturb the accepted ones", async () => {
    const stream = await createStream();
    const answers = await Promise.all([
      stream.post("1"),
      stream.post("{"),
      stream.post("2", producer("p", 0, 0)),
      stream.post("x", { "Content-Type": "text/plain" }),
      stream.post("3", producer("p", 0, 2)),
      stream.post("4", producer("p", 0, 1)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 400, 200, 409, 409, 200]);
    expect(await stream.readMessages()).toEqual([1, 2, 4]);
  });
});

describe("atomicity: concurrent appends", () => {
  test("no two appends share an offset, and each one's answer names the end of its own messages", async () => {
    const stream = await createStream();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => stream.post(`[${String(i)},${String(i)}]`)));
    const ends = answers.map((answer) => Number(nextOffset(answer).slice(-16)));
    expect(new Set(ends).size).toBe(50);
    const messages = await stream.readMessages();
    for (const [i, end] of ends.entries()) expect(messages.slice(end - 2, end)).toEqual([i, i]);
  });

  test("a retry that arrives together with the first try is stored once", async () => {
    const stream = await createStream();
    const answers = await Promise.all(Array.from({ length: 6 }, () => stream.post("1", producer("p", 0, 0))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 204, 204, 204, 204, 204]);
    expect(await stream.readMessages()).toEqual([1]);
  });

  test("an append in one group behind the one that closes is refused", async () => {
    const stream = await createStream();
    const [first, closing, late] = await Promise.all([
      stream.post("1"),
      stream.post("2", { "Stream-Closed": "true" }),
      stream.post("3"),
    ]);
    expect([first.status, closing.status, late.status]).toEqual([204, 204, 409]);
    expect(late.headers.get("Stream-Next-Offset")).toBe(offsetAt(2));
    expect(await stream.readMessages()).toEqual([1, 2]);
  });

  test("appends beyond what may wait are refused with 429, and those that wait are stored", async () => {
    const stream = await createStream({ contentType: "application/octet-stream" });
    const payload = new Uint8Array(APPEND_QUEUE_MAX_BYTES / 4);
    const request: AppendRequest = {
      ...jsonAppend("0"),
      contentType: "application/octet-stream",
      messages: { payload, sizes: [payload.byteLength] },
    };
    const kinds = await runInDurableObject(stream.object, async (instance) => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => instance.append(request)));
      return outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.error.code : outcome.kind));
    });
    expect(kinds.filter((kind) => kind === "APPEND_QUEUE_FULL").length).toBe(2);
    expect(nextOffset(await stream.head())).toBe(offsetAt(4 * payload.byteLength));
  });

  test("creations beyond what may wait for their turn are refused with 429", async () => {
    const name = freshName();
    const contentType = "application/octet-stream";
    const stream = new StreamClient(name, contentType, sendTo({}));
    const payload = new Uint8Array(APPEND_QUEUE_MAX_BYTES / 4);
    const request: CreateRequest = {
      name: `default/${name}`,
      messages: { payload, sizes: [payload.byteLength] },
      contentType,
      expiry: { kind: "never" },
      public: false,
      closed: false,
      fork: undefined,
    };
    const kinds = await runInDurableObject(stream.object, async (instance) => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => instance.create(request)));
      return outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.error.code : outcome.kind));
    });
    const full = "APPEND_QUEUE_FULL";
    expect(kinds).toEqual(["created", "exists", "exists", "exists", full, full]);
    expect(nextOffset(await stream.head())).toBe(offsetAt(payload.byteLength));
  });
});

/** Hands the object appends in one turn, so that all but the first share a commit; the first one is refused. */
async function submitAsOneGroup(
  stream: StreamClient,
  requests: readonly AppendRequest[],
): Promise<PromiseSettledResult<unknown>[]> {
  return runInDurableObject(stream.object, async (instance) => {
    const first = instance.append({ ...jsonAppend("1"), contentType: "text/plain" });
    const group = await Promise.allSettled(requests.map((request) => instance.append(request)));
    await first;
    return group;
  });
}
