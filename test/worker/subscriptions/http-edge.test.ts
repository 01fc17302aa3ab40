// What the control API has in common with streams: routes, bindings, rates, limits, CORS, metrics, timing.
import { describe, expect, test, vi } from "vitest";
import type { DataPoint } from "../../../src/protocol/metrics.ts";
import { GuardedServer } from "../auth/support/guarded-server.ts";
import { ErrorLog } from "../support/error-log.ts";
import { errorCode, sendTo } from "../support/stream-client.ts";
import { ProjectClient, SubscriptionHttp } from "./support/http.ts";

const APP = "https://app.example";
const WEBHOOK = { type: "webhook", pattern: "events/*", webhook: { url: "https://worker.example/hooks" } };

async function refusal(answer: Response): Promise<readonly [number, string]> {
  return [answer.status, await errorCode(answer)];
}

/** Every route, with a method that it has. */
const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ["GET", "streams"],
  ["GET", "jwks.json"],
  ["POST", "signing-key/rotate"],
  ["GET", "subscriptions"],
  ["PUT", "subscriptions/s"],
  ["GET", "subscriptions/s"],
  ["DELETE", "subscriptions/s"],
  ["POST", "subscriptions/s/streams"],
  ["DELETE", "subscriptions/s/streams/a/b"],
  ["POST", "subscriptions/s/claim"],
  ["POST", "subscriptions/s/ack"],
  ["POST", "subscriptions/s/callback"],
  ["POST", "subscriptions/s/release"],
];

/** The id in a path of these. */
const ID = /\/s(?=\/|$)/;

describe("control API: what is served where", () => {
  test.each([
    "",
    "nothing",
    "streams/",
    "streams/a",
    "jwks",
    "jwks.json/x",
    "signing-key",
    "subscriptions/",
    "subscriptions//streams",
    "subscriptions/s/",
    "subscriptions/s/nothing",
    "subscriptions/s/claim/x",
    "subscriptions/s/ack/",
  ])("nothing is at __ds/%s, and no stream either", async (path) => {
    const project = new ProjectClient();
    for (const method of ["GET", "PUT", "POST"]) {
      const [status, code] = await refusal(await project.control(method, path));
      expect([method, status, code]).toEqual([
        method,
        ...(/(\/$|\/\/)/.test(`/${path}`) ? [400, "INVALID_PATH"] : [404, "RESERVED_PATH"]),
      ]);
    }
  });

  test.each([
    ["%5F%5Fds/streams", 404, "RESERVED_PATH"],
    ["__ds%2Fstreams", 404, "RESERVED_PATH"],
    ["__ds/subscriptions/s/streams/a//b", 400, "INVALID_PATH"],
    ["__ds/subscriptions/s/streams/__ds/x", 404, "RESERVED_PATH"],
    ["__ds/subscriptions/s/streams/%ff", 400, "INVALID_PATH"],
  ])("%s answers %i %s", async (path, status, code) => {
    const project = new ProjectClient();
    expect(await refusal(await project.send(`${project.root}/${path}`, { method: "DELETE" }))).toEqual([status, code]);
  });

  test("a project that cannot be has no control API", async () => {
    expect(await refusal(await sendTo()("/v1/-p/stream/__ds/streams"))).toEqual([400, "INVALID_PROJECT"]);
  });

  test.each(ROUTES)("%s %s names its methods where another is used", async (method, path) => {
    const answer = await new ProjectClient().control("PATCH", path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")?.split(", ")).toEqual(expect.arrayContaining([method, "OPTIONS"]));
  });

  test.each(ROUTES)("%s %s says which binding the Worker lacks, and how to add it", async (method, path) => {
    const body = method === "GET" || method === "DELETE" ? undefined : WEBHOOK;
    for (const binding of ["DIRECTORY", "SUBSCRIPTIONS"]) {
      if (binding === "SUBSCRIPTIONS" && !path.startsWith("subscriptions/")) continue;
      const project = new ProjectClient(sendTo({}, { [binding]: undefined }));
      const answer = await project.control(method, path, body);
      const { error } = await answer.json<{ error: { code: string; message: string } }>();
      expect([answer.status, error.code]).toEqual([500, "BINDING_MISSING"]);
      expect(error.message).toContain(`{ "name": "${binding}", "class_name": "`);
      expect(error.message).toContain(`"new_sqlite_classes": ["DirectoryDO", "SubscriptionDO"]`);
    }
  });

  test("streams need neither of them", async () => {
    const project = new ProjectClient(sendTo({}, { DIRECTORY: undefined, SUBSCRIPTIONS: undefined }));
    await project.createStream("events/a", 1);
    await project.append("events/a", 2);
  });
});

describe("control API: authorisation of one's own", () => {
  test("it is asked with the name of what is asked for, decoded, and not about wakes and public keys", async () => {
    const authorizeRead = vi.fn(() => ({ ok: true }) as const);
    const authorizeMutation = vi.fn(() => ({ ok: true }) as const);
    const project = new ProjectClient(sendTo({ authorizeRead, authorizeMutation }));
    const asked = (): unknown[] =>
      [authorizeRead, authorizeMutation].map((mock) => (mock.mock.lastCall as unknown[] | undefined)?.[1]);
    for (const [method, path] of ROUTES) {
      authorizeRead.mockClear();
      authorizeMutation.mockClear();
      await (await project.control(method, path.replace(ID, "/a%2Fb"))).body?.cancel();
      const name = `${project.project}/__ds/${path.replace(ID, "/a/b")}`;
      const isOpen = /jwks|ack|callback|release/.test(path);
      expect([method, path, ...asked()]).toEqual([
        method,
        path,
        method === "GET" && !isOpen ? name : undefined,
        method === "GET" || isOpen ? undefined : name,
      ]);
    }
  });

  test("a refusal is the answer, and no object is asked", async () => {
    const ask = vi.fn<() => unknown>();
    const refuse = (): { ok: false; response: Response } => ({
      ok: false,
      response: new Response("no", { status: 403 }),
    });
    const bindings = {
      DIRECTORY: { getByName: () => new Proxy({}, { get: ask }) },
      SUBSCRIPTIONS: { getByName: () => new Proxy({}, { get: ask }) },
    };
    const project = new ProjectClient(sendTo({ authorizeRead: refuse, authorizeMutation: refuse }, bindings));
    for (const [method, path] of ROUTES) {
      if (/jwks|ack|callback|release/.test(path)) continue;
      const answer = await project.control(method, path);
      expect([answer.status, await answer.text()]).toEqual([403, "no"]);
    }
    expect(ask).not.toHaveBeenCalled();
  });
});

describe("control API: rates and limits", () => {
  test("who floods the server gets 429 before anything is looked up", async () => {
    const limit = vi.fn(() => Promise.resolve({ success: false }));
    const project = new ProjectClient(sendTo({}, { RATE_LIMITER: { limit } }));
    for (const [method, path] of ROUTES) {
      const answer = await project.control(method, path);
      expect([answer.status, answer.headers.get("Retry-After")]).toEqual([429, "10"]);
    }
    expect(limit.mock.calls).toEqual(ROUTES.map(() => [{ key: "ip:unknown" }]));
  });

  test("what was let in counts on its project", async () => {
    const keys: string[] = [];
    const limit = ({ key }: { key: string }): Promise<{ success: boolean }> => {
      keys.push(key);
      return Promise.resolve({ success: key.startsWith("ip:") });
    };
    const project = new ProjectClient(sendTo({ authorizeRead: () => ({ ok: true }) }, { RATE_LIMITER: { limit } }));
    expect((await project.control("GET", "streams")).status).toBe(429);
    expect(keys).toEqual(["ip:unknown", `project:${project.project}`]);
  });

  test("a project's limit on bodies holds here too, where it is less than the server's", async () => {
    const settingsOf = (): Promise<{ corsOrigins: string[]; bodyMaxBytes: number }> =>
      Promise.resolve({ corsOrigins: [], bodyMaxBytes: 20 });
    const project = new ProjectClient(sendTo({ settingsOf }));
    expect(await refusal(await new SubscriptionHttp(project, "s").put(WEBHOOK))).toEqual([413, "BODY_TOO_LARGE"]);
  });
});

describe("control API: who may read the answers", () => {
  function from(origin: string, project: ProjectClient, method: string, path: string): Promise<Response> {
    return project.control(method, path, undefined, { Origin: origin });
  }

  test("the origins of its project, and those of every project read its public keys", async () => {
    const project = new ProjectClient(sendTo({ settingsOf: () => Promise.resolve({ corsOrigins: [APP] }) }));
    for (const [method, path] of ROUTES) {
      const mine = await from(APP, project, method, path);
      const others = await from("https://other.example", project, method, path);
      const isPublic = path === "jwks.json";
      const shared = [mine, others].map(({ headers }) => headers.get("Access-Control-Allow-Origin"));
      expect([method, path, ...shared]).toEqual([method, path, ...(isPublic ? ["*", "*"] : [APP, null])]);
      expect(mine.headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
  });

  test("preflights ask nobody, and wake no object", async () => {
    const getByName = vi.fn();
    const bindings = { DIRECTORY: { getByName }, SUBSCRIPTIONS: { getByName } };
    const refuse = vi.fn(() => ({ ok: false, response: new Response(null, { status: 401 }) }) as const);
    const settingsOf = (): Promise<{ corsOrigins: string[] }> => Promise.resolve({ corsOrigins: [APP] });
    const project = new ProjectClient(
      sendTo({ settingsOf, authorizeRead: refuse, authorizeMutation: refuse }, bindings),
    );
    for (const [, path] of ROUTES) {
      const answer = await from(APP, project, "OPTIONS", path);
      expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([204, APP]);
      expect(answer.headers.get("Access-Control-Allow-Methods")).toContain("DELETE");
    }
    expect([refuse, getByName].map((mock) => mock.mock.calls)).toEqual([[], []]);
  });
});

/** Project, operation, status and stream. */
function facts({ indexes: [project], blobs: [operation, , , stream], doubles: [status] }: DataPoint): unknown[] {
  return [project, operation, status, stream];
}

describe("control API: what is counted and measured", () => {
  test("every operation has a name of its own, its project and no stream", async () => {
    const points: DataPoint[] = [];
    const project = new ProjectClient(
      sendTo({}, { METRICS: { writeDataPoint: (point: DataPoint) => points.push(point) } }),
    );
    const subscription = await project.pullWake({ pattern: "events/*" });
    await project.createStream("events/a", 1);
    const lease = await subscription.claimed();
    points.length = 0;
    await subscription.wake("ack", lease);
    await subscription.wake("release", lease);
    await subscription.claim();
    await subscription.get();
    await subscription.addStreams("b");
    await project.control("GET", "subscriptions");
    await project.control("GET", "streams");
    await project.control("POST", "signing-key/rotate");
    await project.control("GET", "jwks.json");
    const mine = [
      ["ack", 200],
      ["release", 204],
      ["claim", 200],
      ["subscription", 200],
      ["subscription", 204],
      ["list", 200],
      ["list", 200],
      ["keys", 200],
    ].map((counted) => [project.project, ...counted, ""]);
    // Strangers may ask for public keys, of any project that they make up.
    expect(points.map(facts)).toEqual([...mine, ["", "keys", 200, ""]]);
  });

  test("what strangers ask for is not told apart", async () => {
    const points: DataPoint[] = [];
    const server = new GuardedServer({ METRICS: { writeDataPoint: (point: DataPoint) => points.push(point) } });
    const project = new ProjectClient(server.send);
    await project.control("GET", "subscriptions");
    await project.control("POST", "subscriptions/s/ack", {});
    expect(points.map(({ indexes: [name], blobs: [operation, code] }) => [name, operation, code])).toEqual([
      ["", "list", "TOKEN_REQUIRED"],
      ["", "ack", "TOKEN_INVALID"],
    ]);
  });

  test("Server-Timing tells where the time went", async () => {
    const project = new ProjectClient(sendTo({ authorizeMutation: () => ({ ok: true }) }, { DEBUG_TIMING: "1" }));
    const answer = await new SubscriptionHttp(project, "s").put(WEBHOOK);
    const names = (answer.headers.get("Server-Timing") ?? "").split(", ").map((entry) => entry.split(";")[0]);
    expect(names).toEqual(["auth", "body", "object", "directory", "total"]);
  });

  test("what fails is answered without its reason, which is in the log", async () => {
    using log = new ErrorLog();
    const getByName = (): never => {
      throw new Error("hunter2");
    };
    const answer = await new ProjectClient(sendTo({}, { DIRECTORY: { getByName } })).control("GET", "streams");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("hunter2");
    expect(log.take()).toEqual(["hunter2"]);
  });
});
