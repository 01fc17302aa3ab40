import { describe, expect, test, vi } from "vitest";
import type { ProjectSettings } from "../../src/worker/create-stream-worker.ts";
import { BODY_MAX_BYTES } from "../../src/protocol/limits.ts";
import { ErrorLog } from "./support/error-log.ts";
import { eventually } from "./support/eventually.ts";
import { readerCount } from "./support/object-state.ts";
import { openSse } from "./support/sse-client.ts";
import { createStream, errorCode, freshName, sendTo, StreamClient, type Send } from "./support/stream-client.ts";

/** A Worker whose projects have these limits. */
function limiting(settings: Partial<ProjectSettings>): Send {
  return sendTo({ settingsOf: () => Promise.resolve({ corsOrigins: [], ...settings }) });
}

describe("limits of a project: bodies", () => {
  test("limits: a body of so many bytes is stored, and one more is 413 with nothing written, announced or not", async () => {
    const send = limiting({ bodyMaxBytes: 10 });
    const stream = await createStream({ contentType: "text/plain", send });
    await stream.append("x".repeat(10));
    for (const body of ["x".repeat(11), new Blob(["x".repeat(11)]).stream()]) {
      const answer = await stream.post(body);
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({
        error: { code: "BODY_TOO_LARGE", message: expect.stringContaining("larger than 10 bytes") as string },
      });
    }
    const other = new StreamClient(freshName(), "text/plain", send);
    expect((await other.put({ body: "x".repeat(11) })).status).toBe(413);
    expect((await other.head()).status).toBe(404);
    expect((await stream.readAll()).byteLength).toBe(10);
  });

  test("limits: no project gets more than the server allows", async () => {
    const stream = await createStream({
      contentType: "text/plain",
      send: limiting({ bodyMaxBytes: 2 * BODY_MAX_BYTES }),
    });
    expect((await stream.post(new Uint8Array(BODY_MAX_BYTES + 1))).status).toBe(413);
  });
});

describe("limits of a project: live readers", () => {
  test("limits: one reader more than the project may have is 429, and reading without waiting goes on", async () => {
    const stream = await createStream({ body: "[1]", send: limiting({ readersMax: 2 }) });
    const readers = [await openSse(stream, "now"), await openSse(stream, "now")];
    for (const live of ["sse", "long-poll"]) {
      const answer = await stream.get(`?offset=now&live=${live}`);
      expect([answer.status, answer.headers.get("Retry-After")]).toEqual([429, "1"]);
      expect(await answer.json()).toMatchObject({
        error: { code: "TOO_MANY_READERS", message: expect.stringContaining("has 2 live readers") as string },
      });
    }
    expect(await stream.readMessages()).toEqual([1]);
    await readers.pop()?.cancel();
    await eventually(() => readerCount(stream)).toBe(1);
    readers.push(await openSse(stream, "now"));
    for (const sse of readers) await sse.cancel();
  });

  test("limits: a project's limit is its own: where none is set, the server's holds", async () => {
    const stream = await createStream({ send: limiting({ readersMax: 1 }) });
    const unlimited = new StreamClient(stream.name, stream.contentType, sendTo());
    const readers = [await openSse(unlimited, "now"), await openSse(unlimited, "now")];
    expect((await stream.get("?offset=now&live=long-poll")).status).toBe(429);
    for (const sse of readers) await sse.cancel();
  });
});

/** Lets through as many requests of each key as it is told, and then none. */
class Limiter {
  readonly keys: string[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  limit({ key }: RateLimitOptions): Promise<RateLimitOutcome> {
    this.keys.push(key);
    return Promise.resolve({ success: this.keys.filter((one) => one === key).length <= this.#most });
  }
}

const ADDRESS = { "CF-Connecting-IP": "192.0.2.7" };
const ALLOW = { authorizeRead: () => ({ ok: true }) as const, authorizeMutation: () => ({ ok: true }) as const };

describe("rates", () => {
  test("rates: a request nobody vouches for counts on its address before anybody is asked, and one too many is 429", async () => {
    const limiter = new Limiter(1);
    const ask = vi.fn(() => ({ ok: false, response: new Response(null, { status: 401 }) }) as const);
    const settingsOf = vi.fn(() => Promise.resolve({ corsOrigins: ["*"] }));
    const send = sendTo({ authorizeRead: ask, authorizeMutation: ask, settingsOf }, { RATE_LIMITER: limiter });
    const headers = { ...ADDRESS, Origin: "https://app.example" };
    expect((await send("/v1/p/stream/a", { headers })).status).toBe(401);
    settingsOf.mockClear();
    for (const method of ["GET", "PUT", "POST", "DELETE", "OPTIONS"]) {
      const answer = await send("/v1/p/stream/a", { method, headers });
      expect([answer.status, answer.headers.get("Retry-After")], method).toEqual([429, "10"]);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(await errorCode(answer)).toBe("RATE_LIMITED");
    }
    expect((await send("/v1/__ds/streams/p/inspect/a", { headers })).status).toBe(429);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(settingsOf).not.toHaveBeenCalled();
    expect(new Set(limiter.keys)).toEqual(new Set(["ip:192.0.2.7"]));
  });

  test("rates: another address has a rate of its own; health is always answered", async () => {
    const limiter = new Limiter(0);
    const send = sendTo({}, { RATE_LIMITER: limiter });
    expect((await send("/v1/stream/a", { headers: { "CF-Connecting-IP": "192.0.2.8" } })).status).toBe(429);
    expect((await send("/v1/health")).status).toBe(200);
    expect(limiter.keys).toEqual(["ip:192.0.2.8"]);
  });

  test("rates: what was verified before counts on its project alone, and one too many is 429 with nothing done", async () => {
    const limiter = new Limiter(2);
    const config = { ...ALLOW, isRemembered: (request: Request) => request.headers.get("Authorization") === "known" };
    const send = sendTo(config, { RATE_LIMITER: limiter });
    const headers = { ...ADDRESS, Authorization: "known", "Content-Type": "text/plain" };
    const path = `/v1/shop/stream/${freshName()}`;
    expect((await send(path, { method: "PUT", headers })).status).toBe(201);
    expect((await send(path, { method: "POST", headers, body: "a" })).status).toBe(204);
    const answer = await send(path, { method: "POST", headers, body: "b" });
    expect([answer.status, answer.headers.get("Retry-After"), await errorCode(answer)]).toEqual([
      429,
      "10",
      "RATE_LIMITED",
    ]);
    expect(limiter.keys).toEqual(["project:shop", "project:shop", "project:shop"]);
    expect(await (await sendTo()(path)).text()).toBe("a");
  });

  test("rates: what was verified before counts on its address where it is refused, and one too many is 429", async () => {
    const limiter = new Limiter(1);
    const refuse = () => ({ ok: false, response: new Response(null, { status: 403 }) }) as const;
    const config = { authorizeRead: refuse, authorizeMutation: refuse, isRemembered: () => true };
    const send = sendTo(config, { RATE_LIMITER: limiter });
    expect((await send("/v1/shop/stream/a", { headers: ADDRESS })).status).toBe(403);
    expect((await send("/v1/shop/stream/a", { headers: ADDRESS })).status).toBe(429);
    expect(limiter.keys).toEqual(["ip:192.0.2.7", "ip:192.0.2.7"]);
  });

  test("rates: what is verified for the first time counts on both; an open Worker knows addresses alone", async () => {
    const limiter = new Limiter(100);
    await sendTo(ALLOW, { RATE_LIMITER: limiter })("/v1/shop/stream/a", { headers: ADDRESS });
    await sendTo({}, { RATE_LIMITER: limiter })("/v1/shop/stream/a", { headers: ADDRESS });
    expect(limiter.keys).toEqual(["ip:192.0.2.7", "project:shop", "ip:192.0.2.7"]);
  });

  test.each([
    ["rejects", () => Promise.reject(new Error("no limiter"))],
    [
      "throws",
      () => {
        throw new Error("no limiter");
      },
    ],
  ])("rates: a limiter that %s lets everything through", async (_how, limit) => {
    using log = new ErrorLog();
    const stream = await createStream({ body: "[1]", send: sendTo(ALLOW, { RATE_LIMITER: { limit } }) });
    expect(await stream.readMessages()).toEqual([1]);
    expect(new Set(log.take())).toEqual(new Set(["no limiter"]));
  });
});
