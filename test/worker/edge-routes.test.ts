import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { PATH_MAX_BYTES } from "../../src/protocol/limits.ts";
import { createStream, errorCode, freshName, ORIGIN, sendTo } from "./support/stream-client.ts";

const send = sendTo();

async function create(path: string): Promise<Response> {
  return send(path, { method: "PUT", headers: { "Content-Type": "text/plain" } });
}

async function refusal(path: string): Promise<[number, string]> {
  const answer = await create(path);
  return [answer.status, await errorCode(answer)];
}

describe("routes: what is served where", () => {
  test("the entry of the built Worker serves the whole protocol", async () => {
    const url = `${ORIGIN}/v1/stream/${freshName()}`;
    const worker = exports.default;
    const created = await worker.fetch(url, { method: "PUT", headers: { "Content-Type": "text/plain" }, body: "a" });
    expect([created.status, created.headers.get("Location")]).toEqual([201, url]);
    expect((await worker.fetch(url, { method: "HEAD" })).status).toBe(200);
    expect(await (await worker.fetch(url)).text()).toBe("a");
    expect((await worker.fetch(url, { method: "DELETE" })).status).toBe(204);
  });

  test("the short route is the project `default`, and other projects have streams of their own", async () => {
    const name = freshName();
    expect((await create(`/v1/stream/${name}`)).status).toBe(201);
    expect((await create(`/v1/default/stream/${name}`)).status).toBe(200);
    expect((await create(`/v1/other/stream/${name}`)).status).toBe(201);
  });

  test.each([
    ["/", 404, "ROUTE_NOT_FOUND"],
    ["/v1", 404, "ROUTE_NOT_FOUND"],
    ["/v1/stream", 404, "ROUTE_NOT_FOUND"],
    ["/v2/stream/a", 404, "ROUTE_NOT_FOUND"],
    ["/v1/a/b/stream/c", 404, "ROUTE_NOT_FOUND"],
    ["/v1/stream/", 400, "INVALID_PATH"],
    ["/v1/p/stream/", 400, "INVALID_PATH"],
    ["/v1/-p/stream/a", 400, "INVALID_PROJECT"],
    ["/v1/p%2Fq/stream/a", 400, "INVALID_PROJECT"],
    [`/v1/${"p".repeat(65)}/stream/a`, 400, "INVALID_PROJECT"],
  ])("%s answers %i %s", async (path, status, code) => {
    expect(await refusal(path)).toEqual([status, code]);
  });

  test.each(["PATCH", "PROPFIND", "LOCK"])(
    "%s on a stream answers 405 and names the methods there are",
    async (method) => {
      const answer = await send("/v1/stream/a", { method });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET, HEAD, PUT, POST, DELETE, OPTIONS"]);
      expect(await errorCode(answer)).toBe("METHOD_NOT_ALLOWED");
    },
  );

  test("health names subscriptions where the Worker has what they need, and else not", async () => {
    const features = async (without: Parameters<typeof sendTo>[1]): Promise<readonly string[]> => {
      const answer = await sendTo({}, without)("/v1/health");
      const { protocol } = await answer.json<{ protocol: { features: readonly string[] } }>();
      expect(protocol.features).toEqual([...protocol.features].sort());
      return protocol.features;
    };
    expect(await features({})).toContain("subscriptions");
    for (const without of [{ DIRECTORY: undefined }, { SUBSCRIPTIONS: undefined }]) {
      const others = await features(without);
      expect(others).toContain("sse");
      expect(others).not.toContain("subscriptions");
    }
  });

  test("health answers GET and HEAD with version, features and limits, and nothing else", async () => {
    const answer = await send("/v1/health");
    expect(await answer.json()).toMatchObject({
      status: "ok",
      version: expect.any(String) as string,
      protocol: { version: "1.0", features: expect.arrayContaining(["sse", "idempotent-producers"]) as string[] },
      limits: { bodyMaxBytes: expect.any(Number) as number, pathMaxBytes: PATH_MAX_BYTES },
    });
    expect((await send("/v1/health", { method: "HEAD" })).status).toBe(200);
    const posted = await send("/v1/health", { method: "POST" });
    expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

describe("paths: one stream has one name, however its path is written", () => {
  const base = freshName("path");

  test.each([
    ["a%2Fb", "a/b"],
    ["%61", "a"],
    ["caf%C3%A9", "caf%c3%a9"],
    ["caf%C3%A9", "café"],
    ["x/../y", "y"],
    ["x/%2e%2e/z", "z"],
    ["./dot", "dot"],
    ["sp ace", "sp%20ace"],
  ])("%s and %s are the same stream", async (one, other) => {
    const folder = freshName("same");
    expect((await create(`/v1/stream/${folder}/${one}`)).status).toBe(201);
    expect((await create(`/v1/stream/${folder}/${other}`)).status).toBe(200);
  });

  test.each([
    ["%252F", "%2F"],
    ["A", "a"],
    ["e%CC%81", "%C3%A9"],
    ["a", "a%20"],
  ])("%s and %s are two streams, or the second is none", async (one, other) => {
    const folder = freshName("other");
    expect((await create(`/v1/stream/${folder}/${one}`)).status).toBe(201);
    expect((await create(`/v1/stream/${folder}/${other}`)).status).not.toBe(200);
  });

  test.each([
    ["a//b", 400, "INVALID_PATH"],
    ["a/", 400, "INVALID_PATH"],
    ["a%2F%2Fb", 400, "INVALID_PATH"],
    ["a%2F..%2Fb", 400, "INVALID_PATH"],
    ["%2Fa", 400, "INVALID_PATH"],
    ["a%00b", 400, "INVALID_PATH"],
    ["a%0Ab", 400, "INVALID_PATH"],
    ["%FF", 400, "INVALID_PATH"],
    ["%E0%80%AF", 400, "INVALID_PATH"],
    ["%", 400, "INVALID_PATH"],
  ])("%s answers %i %s and creates nothing", async (path, status, code) => {
    expect(await refusal(`/v1/stream/${base}/${path}`)).toEqual([status, code]);
  });

  test("a `..` cannot leave the streams unnoticed: it is resolved before anything is decided", async () => {
    expect(await refusal("/v1/stream/../../v1/x")).toEqual([404, "ROUTE_NOT_FOUND"]);
    expect(await refusal("/v1/p/stream/%2e%2e/%2e%2e/%2e%2e/etc")).toEqual([404, "ROUTE_NOT_FOUND"]);
  });

  test.each(["__ds", "__ds/other/a", "%5F%5Fds/a", "__ds%2Fa"])("%s is reserved", async (path) => {
    expect(await refusal(`/v1/stream/${path}`)).toEqual([404, "RESERVED_PATH"]);
    expect(await refusal(`/v1/p/stream/${path}`)).toEqual([404, "RESERVED_PATH"]);
  });

  test("`__ds` is an ordinary name anywhere but at the beginning", async () => {
    expect((await create(`/v1/stream/${freshName()}/__ds`)).status).toBe(201);
    expect((await create(`/v1/stream/__dsx-${freshName()}`)).status).toBe(201);
  });

  test("a path of 1 KiB is served, counted in bytes, and a byte more is 414", async () => {
    const name = `${freshName()}/`;
    const longest = name + "x".repeat(PATH_MAX_BYTES - name.length);
    expect((await create(`/v1/stream/${longest}`)).status).toBe(201);
    expect(await refusal(`/v1/stream/${longest}x`)).toEqual([414, "PATH_TOO_LONG"]);
    expect(await refusal(`/v1/stream/${"é".repeat(PATH_MAX_BYTES / 2)}x`)).toEqual([414, "PATH_TOO_LONG"]);
  });

  test("the location of a new stream is its URL as the client wrote it, without the query", async () => {
    const name = freshName();
    const answer = await create(`/v1/stream/${name}/a%2Fb?public=true`);
    expect(answer.headers.get("Location")).toBe(`${ORIGIN}/v1/stream/${name}/a%2Fb`);
  });
});

describe("hosts: a Worker that knows its names serves no other", () => {
  const restricted = sendTo({}, { ALLOWED_HOSTS: "localhost:4437, streams.test" });

  test("any port of a name without a port, and no other name", async () => {
    expect((await restricted("/v1/health")).status).toBe(200);
    expect((await sendTo({}, { ALLOWED_HOSTS: "streams.test:9" })("/v1/health")).status).toBe(421);
    const answer = await sendTo({}, { ALLOWED_HOSTS: "localhost" })("/v1/health");
    expect([answer.status, await errorCode(answer)]).toEqual([421, "HOST_NOT_ALLOWED"]);
  });

  test("a misdirected request does nothing, a preflight included", async () => {
    const stream = await createStream();
    const misdirected = sendTo({}, { ALLOWED_HOSTS: "localhost" });
    for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]) {
      expect((await misdirected(stream.path, { method })).status, method).toBe(421);
    }
    expect((await stream.head()).status).toBe(200);
  });

  test("unset or empty, every host is served", async () => {
    expect((await sendTo({}, { ALLOWED_HOSTS: "" })("/v1/health")).status).toBe(200);
  });
});
