import { describe, expect, test, vi } from "vitest";
import type { AuthResult, BaseEnv, StreamWorkerConfig } from "../../src/worker/create-stream-worker.ts";
import { GuardedServer } from "./auth/support/guarded-server.ts";
import { ErrorLog } from "./support/error-log.ts";
import { openSse } from "./support/sse-client.ts";
import { createStream, freshName, offsetAt, sendTo, StreamClient, type Send } from "./support/stream-client.ts";

const APP = "https://app.example";
const OTHER = "https://other.example";

/** A Worker whose projects list these origins. */
function listing(corsOrigins: readonly string[], config: StreamWorkerConfig<BaseEnv> = {}): Send {
  return sendTo({ ...config, settingsOf: () => Promise.resolve({ corsOrigins }) });
}

/** As a page of an origin sends it. */
function from(origin: string | undefined, send: Send): Send {
  return (path, options = {}) =>
    send(path, { ...options, headers: { ...options.headers, ...(origin === undefined ? {} : { Origin: origin }) } });
}

function sharing({ headers }: Response): (string | null)[] {
  return ["Access-Control-Allow-Origin", "Vary"].map((name) => headers.get(name));
}

function refusal(status: number): AuthResult {
  return { ok: false, response: new Response(null, { status }) };
}

/** A stream's answers of every kind: successes, refusals, errors. */
async function everyAnswer(send: Send): Promise<Map<string, Response>> {
  const stream = new StreamClient(freshName(), "application/json", send);
  const answers = new Map<string, Response>();
  answers.set("201", await stream.put({ body: "[1]" }));
  answers.set("200 exists", await stream.put());
  answers.set("204 appended", await stream.post("2"));
  answers.set("200 read", await stream.get());
  const tag = answers.get("200 read")?.headers.get("ETag") ?? "";
  answers.set("304", await stream.get("", { "If-None-Match": tag }));
  answers.set("200 HEAD", await stream.head());
  answers.set("200 long-poll", await stream.get("?offset=-1&live=long-poll"));
  const sse = await openSse(stream);
  await sse.cancel();
  answers.set("200 SSE", sse.response);
  answers.set("400", await stream.get("?offset=nonsense"));
  answers.set("404", await send(`/v1/stream/${freshName()}`));
  answers.set("405", await send(stream.path, { method: "PATCH" }));
  answers.set("409", await stream.send(stream.path, { method: "PUT", headers: { "Content-Type": "text/plain" } }));
  answers.set("204 preflight", await send(stream.path, { method: "OPTIONS" }));
  answers.set("204 deleted", await stream.delete());
  return answers;
}

describe("CORS: a project's origins", () => {
  test.each<[string, readonly string[], string | undefined, (string | null)[]]>([
    ["a listed origin is named, and caches are told that it depends on it", [OTHER, APP], APP, [APP, "Origin"]],
    ["one that is not listed gets nothing, and caches are told too", [OTHER], APP, [null, "Origin"]],
    ["a project that lists none gives nothing to any page", [], APP, [null, "Origin"]],
    ["a star is for every page, whoever asks", ["*"], APP, ["*", null]],
    ["a star is a star beside a listed origin", [APP, "*"], APP, ["*", null]],
    ["a star holds for sandboxed pages", ["*"], "null", ["*", null]],
    ["null is nobody", [APP], "null", [null, "Origin"]],
    ["a name that begins like a listed one is another", [APP], `${APP}.evil.example`, [null, "Origin"]],
    ["another scheme is another origin", [APP], "http://app.example", [null, "Origin"]],
    ["another port is another origin", [APP], `${APP}:8443`, [null, "Origin"]],
    ["upper case is another origin", [APP], "https://APP.example", [null, "Origin"]],
    ["a trailing slash is another origin", [APP], `${APP}/`, [null, "Origin"]],
    ["what is no page gets no name, and caches are told", [APP], undefined, [null, "Origin"]],
  ])("CORS: %s", async (_rule, origins, origin, expected) => {
    for (const [name, answer] of await everyAnswer(from(origin, listing(origins)))) {
      expect(sharing(answer), name).toEqual(expected);
      const exposed = answer.headers.get("Access-Control-Expose-Headers");
      if (expected[0] === null) expect(exposed, name).toBeNull();
      else expect(exposed, name).toContain("Stream-Next-Offset");
      expect(answer.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
  });

  test.each([401, 403, 429, 503])("CORS: a refusal of %d is shared as the answer would have been", async (status) => {
    const config = { authorizeRead: () => refusal(status), authorizeMutation: () => refusal(status) };
    const send = listing([APP], config);
    for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) {
      expect(sharing(await from(APP, send)("/v1/p/stream/a", { method })), method).toEqual([APP, "Origin"]);
      expect(sharing(await from(OTHER, send)("/v1/p/stream/a", { method })), method).toEqual([null, "Origin"]);
    }
  });

  test("CORS: an error of the server is shared as the answer would have been, and does not say what happened", async () => {
    using log = new ErrorLog();
    const send = listing([APP], { authorizeRead: () => Promise.reject(new Error("hunter2")) });
    const answer = await from(APP, send)("/v1/p/stream/a");
    expect([answer.status, ...sharing(answer)]).toEqual([500, APP, "Origin"]);
    expect(await answer.text()).not.toContain("hunter2");
    expect(log.take()).toHaveLength(1);
  });

  test("CORS: the project of the URL decides, in either form of it", async () => {
    const origins: Record<string, string[]> = { shop: [APP], default: [OTHER] };
    const settingsOf = vi.fn((project: string) => Promise.resolve({ corsOrigins: origins[project] ?? [] }));
    const send = sendTo({ settingsOf });
    const allowed = async (origin: string, path: string): Promise<string | null> =>
      (await from(origin, send)(path)).headers.get("Access-Control-Allow-Origin");
    expect(await allowed(APP, "/v1/shop/stream/a")).toBe(APP);
    expect(await allowed(OTHER, "/v1/shop/stream/a")).toBeNull();
    expect(await allowed(OTHER, "/v1/stream/a")).toBe(OTHER);
    expect(await allowed(OTHER, "/v1/default/stream/a")).toBe(OTHER);
    expect(await allowed(APP, "/v1/nothing/stream/a")).toBeNull();
    expect(settingsOf.mock.calls.map(([project]) => project)).toEqual([
      "shop",
      "shop",
      "default",
      "default",
      "nothing",
    ]);
  });

  test("CORS: of a project that nobody knows, and while its settings cannot be had, pages get nothing", async () => {
    using log = new ErrorLog();
    for (const settingsOf of [() => Promise.resolve(undefined), () => Promise.reject(new Error("gone"))]) {
      const stream = await createStream({ body: "[1]" });
      const answer = await from(APP, sendTo({ settingsOf }))(stream.path);
      expect([answer.status, ...sharing(answer)]).toEqual([200, null, "Origin"]);
    }
    expect(log.take()).toEqual(["gone"]);
  });

  test("CORS: nothing is looked up for a refusal that no page asked for", async () => {
    const settingsOf = vi.fn(() => Promise.resolve({ corsOrigins: ["*"] }));
    const send = sendTo({ settingsOf, authorizeRead: () => refusal(401) });
    expect(sharing(await send("/v1/p/stream/a"))).toEqual([null, "Origin"]);
    expect(settingsOf).not.toHaveBeenCalled();
    expect(sharing(await from(APP, send)("/v1/p/stream/a"))).toEqual(["*", null]);
    expect(settingsOf).toHaveBeenCalledTimes(1);
  });
});

describe("CORS: preflights", () => {
  const asked = { method: "OPTIONS", headers: { "Access-Control-Request-Method": "PUT" } };

  test("CORS: a listed origin may use every method and header of the protocol; another one gets no yes", async () => {
    const yes = await from(APP, listing([APP]))("/v1/p/stream/a", asked);
    expect([yes.status, ...sharing(yes)]).toEqual([204, APP, "Origin"]);
    expect(yes.headers.get("Access-Control-Allow-Methods")).toBe("GET, HEAD, POST, PUT, DELETE, OPTIONS");
    expect(yes.headers.get("Access-Control-Allow-Headers")).toContain("Authorization, ");
    const no = await from(OTHER, listing([APP]))("/v1/p/stream/a", asked);
    expect([no.status, ...sharing(no)]).toEqual([204, null, "Origin"]);
  });

  test("CORS: they ask nobody for permission and touch no stream", async () => {
    const ask = vi.fn(() => refusal(401));
    await from(APP, listing([APP], { authorizeRead: ask, authorizeMutation: ask }))("/v1/p/stream/a", asked);
    expect(ask).not.toHaveBeenCalled();
  });
});

describe("CORS: what belongs to no project", () => {
  test("CORS: health is for every page, and so is that there is nothing", async () => {
    for (const path of ["/v1/health", "/nothing"]) {
      expect(sharing(await from(APP, listing([]))(path))).toEqual(["*", null]);
    }
  });

  test.each(["GET", "POST", "OPTIONS", "PUT", "DELETE"])(
    "CORS: nothing below /v1/__ds is shared with any page: %s",
    async (method) => {
      for (const path of [
        "",
        "/",
        "/nothing",
        "/p/inspect/a",
        "/streams/p/inspect/a",
        "/projects",
        "/p%zz/inspect/a",
      ]) {
        const send = sendTo({ settingsOf: () => Promise.resolve({ corsOrigins: ["*"] }) }, { OPERATOR_API: "open" });
        const { headers } = await from(APP, send)(`/v1/__ds${path}`, { method });
        const shared = [...headers.keys()].filter((name) => name.startsWith("access-control-"));
        expect([shared, headers.get("Cross-Origin-Resource-Policy")], path).toEqual([[], "same-origin"]);
      }
    },
  );
});

describe("CORS: public streams", () => {
  test("CORS: what is read of one is for every page, whatever its project lists", async () => {
    const send = from(OTHER, listing([APP]));
    const stream = new StreamClient(freshName(), "application/json", send);
    const type = { "Content-Type": "application/json" };
    await send(`${stream.path}?public=true`, { method: "PUT", headers: type, body: "[1]" });
    const tag = (await stream.get()).headers.get("ETag") ?? "";
    const sse = await openSse(stream);
    await sse.cancel();
    const reads = [
      await stream.get(),
      await stream.get("", { "If-None-Match": tag }),
      await stream.get(`?offset=${offsetAt(0)}&live=long-poll`),
      await stream.head(),
      sse.response,
    ];
    expect(reads.map(({ status }) => status)).toEqual([200, 304, 200, 200, 200]);
    for (const answer of reads) {
      expect(sharing(answer)).toEqual(["*", null]);
      expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("Stream-Next-Offset");
    }
    expect(sharing(await stream.post("2"))).toEqual([null, "Origin"]);
  });

  test("CORS: in a guarded Worker its errors are too, and what is refused is not", async () => {
    const server = new GuardedServer();
    const project = await server.createProject();
    await server.createStream(project, "news", "?public=true");
    await server.createStream(project, "secrets");
    const ask = (path: string, method = "GET"): Promise<Response> =>
      from(OTHER, server.send)(`/v1/${project.name}/stream/${path}`, { method });
    const past = await ask(`news?offset=${offsetAt(2)}`);
    expect([past.status, ...sharing(past)]).toEqual([400, "*", null]);
    for (const refused of [await ask("secrets"), await ask("nothing"), await ask("news", "POST")]) {
      expect([refused.status, ...sharing(refused)]).toEqual([401, null, "Origin"]);
    }
  });
});
