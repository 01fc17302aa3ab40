import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { keyId, newSecret } from "../../../src/protocol/secret.ts";
import { projectJwtAuth } from "../../../src/worker/create-stream-worker.ts";
import { ErrorLog } from "../support/error-log.ts";
import { sendTo } from "../support/stream-client.ts";
import { bearer } from "./support/guarded-server.ts";
import { freshProject, Operator, operatorBearer, OPERATOR_SECRET, refusal } from "./support/operator.ts";
import { projectToken } from "./support/tokens.ts";
import { watchIndex } from "./support/watched.ts";

const operator = new Operator();

describe("projects: creating", () => {
  test("a project without a secret gets one, which is told this once and never again", async () => {
    const name = freshProject();
    const answer = await operator.ask("POST", "/projects", { name });
    expect(answer.status).toBe(201);
    const { project, secret = "" } = await answer.json<{ project: object; secret?: string }>();
    expect(secret).toMatch(/^dssk_[0-9A-Za-z]{49}$/);
    expect(project).toEqual({
      name,
      version: 1,
      createdAtMs: expect.any(Number) as number,
      corsOrigins: [],
      keys: [{ kid: await keyId(secret), state: "active", createdAtMs: expect.any(Number) as number }],
    });
    expect(await operator.do("GET", `/projects/${name}`)).toEqual({ project });
  });

  test("a secret of one's own is not told back, and the same request again confirms the project", async () => {
    const name = freshProject();
    const body = { name, secret: newSecret("project"), settings: { corsOrigins: ["https://app.example"] } };
    const first = await operator.ask("POST", "/projects", body);
    const again = await operator.ask("POST", "/projects", body);
    expect([first.status, again.status]).toEqual([201, 200]);
    const text = await first.text();
    expect(await again.text()).toBe(text);
    expect(text).not.toContain(body.secret);
    expect(JSON.parse(text)).toMatchObject({ project: { version: 1, corsOrigins: ["https://app.example"] } });
  });

  test("a name that is there with another key, or with other settings, is not taken over", async () => {
    const name = freshProject();
    const secret = newSecret("project");
    await operator.do("POST", "/projects", { name, secret });
    for (const body of [
      { name },
      { name, secret: newSecret("project") },
      { name, secret, settings: { readersMax: 5 } },
    ]) {
      expect(await refusal(await operator.ask("POST", "/projects", body))).toEqual([409, "PROJECT_EXISTS"]);
    }
    expect((await operator.do("GET", `/projects/${name}`)).project).toMatchObject({ version: 1, corsOrigins: [] });
  });

  test("of creations at the same moment one makes the project", async () => {
    const name = freshProject();
    const answers = await Promise.all([1, 2, 3].map(() => operator.ask("POST", "/projects", { name })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  test.each([
    ["{", "INVALID_JSON"],
    ["[]", "INVALID_JSON"],
    ["null", "INVALID_JSON"],
    [new Uint8Array([0x22, 0xff, 0x22]), "INVALID_JSON"],
    ["", "INVALID_FIELD"],
    ["{}", "INVALID_FIELD"],
    ['{"name":1}', "INVALID_FIELD"],
    ['{"name":"a","secrets":[]}', "INVALID_FIELD"],
    ['{"name":"a","__proto__":{}}', "INVALID_FIELD"],
    ['{"name":"a/b"}', "INVALID_PROJECT"],
    ['{"name":"__ds"}', "INVALID_PROJECT"],
    ['{"name":"stream"}', "INVALID_PROJECT"],
    ['{"name":"a","secret":1}', "INVALID_SECRET"],
    ['{"name":"a","secret":"too short"}', "INVALID_SECRET"],
    [`{"name":"a","secret":"${newSecret("operator")}"}`, "INVALID_SECRET"],
    ['{"name":"a","settings":{"corsOrigins":["https://a.example/path"]}}', "INVALID_PROJECT_SETTINGS"],
    ['{"name":"a","settings":{"colour":"red"}}', "INVALID_PROJECT_SETTINGS"],
  ])("what is wrong with a body is told, and nothing is made: %s", async (body, code) => {
    const headers = await operatorBearer();
    const answer = await operator.send("/v1/__ds/projects", { method: "POST", headers, body });
    expect(await refusal(answer)).toEqual([400, code]);
    expect(await refusal(await operator.ask("GET", "/projects/a"))).toEqual([404, "PROJECT_NOT_FOUND"]);
  });

  test("a body of more than 64 KiB is refused", async () => {
    const body = JSON.stringify({ name: "a" }).padEnd(64 * 1024 + 1);
    expect(await refusal(await operator.ask("POST", "/projects", body))).toEqual([413, "BODY_TOO_LARGE"]);
  });
});

describe("projects: looking, changing and deleting", () => {
  test("the list has every project once, in pages and by name", async () => {
    const created: string[] = [];
    for (let i = 0; i < 5; i++) created.push((await operator.create(freshProject("listed"))).project.name);
    for (const limit of [1, 2, undefined]) {
      const names = await operator.names(limit);
      expect(names).toEqual([...new Set(names)].sort());
      expect(names.filter((name) => created.includes(name))).toEqual(created.sort());
    }
  });

  test.each([
    ["?limit=0", "INVALID_LIMIT"],
    ["?limit=101", "INVALID_LIMIT"],
    ["?limit=x", "INVALID_LIMIT"],
    ["?cursor=a/b", "INVALID_PROJECT"],
  ])("nonsense in the query of the list is refused: %s", async (query, code) => {
    expect(await refusal(await operator.ask("GET", `/projects${query}`))).toEqual([400, code]);
  });

  test("a change of settings leaves what it does not name, takes limits away, and counts only if it changes", async () => {
    const { project } = await operator.create(freshProject());
    const path = `/projects/${project.name}`;
    const change = async (settings: object) => (await operator.do("PATCH", path, { settings })).project;
    expect(await change({ corsOrigins: ["*"], bodyMaxBytes: 1000 })).toEqual({
      ...project,
      version: 2,
      corsOrigins: ["*"],
      bodyMaxBytes: 1000,
    });
    expect(await change({ readersMax: 3 })).toMatchObject({ version: 3, corsOrigins: ["*"], bodyMaxBytes: 1000 });
    const limited = await change({ bodyMaxBytes: null });
    expect(limited).toEqual({ ...project, version: 4, corsOrigins: ["*"], readersMax: 3 });
    expect(await change({})).toEqual(limited);
    expect(await change({ readersMax: 3 })).toEqual(limited);
    expect((await operator.do("GET", path)).project).toEqual(limited);
    for (const [body, code] of [
      [{}, "INVALID_FIELD"],
      [{ settings: [] }, "INVALID_PROJECT_SETTINGS"],
      [{ settings: {}, name: "other" }, "INVALID_FIELD"],
    ] as const) {
      expect(await refusal(await operator.ask("PATCH", path, body))).toEqual([400, code]);
    }
  });

  test("a deleted project is gone from everywhere, and one created after it goes on above its version", async () => {
    const name = freshProject();
    const { secret } = await operator.create(name);
    await operator.do("PATCH", `/projects/${name}`, { settings: { readersMax: 3 } });
    const deleted = await operator.ask("DELETE", `/projects/${name}`);
    expect([deleted.status, deleted.headers.get("Cache-Control")]).toEqual([204, "private, no-store"]);
    expect(await operator.names()).not.toContain(name);
    expect(await env.REGISTRY.get(name)).toBeNull();
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["DELETE", "", undefined],
      ["PATCH", "", { settings: {} }],
      ["POST", "/keys", { secret }],
      ["DELETE", "/keys", undefined],
      ["DELETE", `/keys/${await keyId(secret)}`, undefined],
    ] as const) {
      const answer = await operator.ask(method, `/projects/${name}${path}`, body);
      expect(await refusal(answer), method + path).toEqual([404, "PROJECT_NOT_FOUND"]);
    }
    // The third version was the deletion's.
    const { project } = await operator.create(name);
    expect(project).toMatchObject({ version: 4, keys: [{ state: "active" }] });
    expect(project.keys[0]?.kid).not.toBe(await keyId(secret));
    expect(await operator.names()).toContain(name);
  });
});

/** Every route of projects, with all that it may be asked. */
const ROUTES = [
  ["/health", ["GET"]],
  ["/projects", ["GET", "POST"]],
  ["/projects/a", ["GET", "PATCH", "DELETE"]],
  ["/projects/a/keys", ["POST", "DELETE"]],
  ["/projects/a/keys/0123456789abcdef", ["DELETE"]],
] as const;

describe("operator API: who may use it", () => {
  test.each(ROUTES)("%s has its methods and no others", async (path, methods) => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      if ((methods as readonly string[]).includes(method)) continue;
      const answer = await operator.ask(method, path);
      expect([answer.status, answer.headers.get("Allow")], method).toEqual([405, methods.join(", ")]);
    }
  });

  test("what is not served below it is 404, and a name that is none is told so", async () => {
    for (const path of [
      "",
      "/",
      "/projects/",
      "/projects/a/",
      "/projects/a/keys/b/c",
      "/projects/a/streams",
      "/x",
      "/stream/a",
    ]) {
      expect(await refusal(await operator.ask("GET", path)), path).toEqual([404, "ROUTE_NOT_FOUND"]);
    }
    expect(await refusal(await operator.ask("GET", "/projects/a%2Fb"))).toEqual([400, "INVALID_PROJECT"]);
  });

  test.each(ROUTES)("%s is closed without an operator secret, whatever else is open", async (path, methods) => {
    for (const OPERATOR_API of [undefined, "open"]) {
      const closed = new Operator({ OPERATOR_SECRET: undefined, OPERATOR_API, AUTH: "none" });
      for (const method of methods) {
        expect(await refusal(await closed.ask(method, path))).toEqual([403, "OPERATOR_CLOSED"]);
      }
    }
  });

  test.each(["cross-site", "same-site"])(
    "a page of another site (%s) gets nothing, with a token or without",
    async (site) => {
      const headers = { "Sec-Fetch-Site": site, Origin: "https://elsewhere.example" };
      for (const [path, methods] of [...ROUTES, ["/streams/default/inspect/a", ["GET"]]] as const) {
        for (const method of methods) {
          const answer = await operator.ask(method, path, undefined, headers);
          expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
          expect(await refusal(answer)).toEqual([403, "OPERATOR_CLOSED"]);
        }
      }
    },
  );

  test("a project's token opens nothing of it, where OPERATOR_API is open and there is no operator secret too", async () => {
    const { project, secret } = await operator.create(freshProject());
    const path = `/v1/__ds/streams/${project.name}/inspect/a`;
    const headers = bearer(await projectToken(project.name, secret));
    const send = sendTo(projectJwtAuth(), { OPERATOR_API: "open" });
    for (const sent of [{}, headers]) {
      expect(await refusal(await send(path, { headers: sent }))).toEqual([403, "OPERATOR_CLOSED"]);
    }
    expect((await send(`/v1/${project.name}/stream/a`, { headers })).status).toBe(404);
  });

  test("with an operator secret nothing is open without a token, OPERATOR_API or not", async () => {
    const send = sendTo({}, { OPERATOR_SECRET, OPERATOR_API: "open" });
    for (const [path, methods] of [...ROUTES, ["/streams/default/inspect/a", ["GET"]]] as const) {
      for (const method of methods) {
        expect(await refusal(await send(`/v1/__ds${path}`, { method }))).toEqual([401, "TOKEN_REQUIRED"]);
      }
    }
    const answer = await new Operator({ OPERATOR_API: "open" }).ask("GET", "/streams/default/inspect/never-created");
    expect(await refusal(answer)).toEqual([404, "STREAM_NOT_FOUND"]);
  });

  test.each(["", "short", newSecret("project"), `${newSecret("operator").slice(0, -1)}!`])(
    "an operator secret that is not usable opens nothing, and is not told (%#)",
    async (secret) => {
      const send = sendTo({}, { OPERATOR_SECRET: secret, OPERATOR_API: "open" });
      for (const path of ["/projects", "/health", "/streams/default/inspect/a"]) {
        const answer = await send(`/v1/__ds${path}`, {
          headers: await operatorBearer(secret === "" ? "x" : secret),
        });
        const text = await answer.clone().text();
        expect(await refusal(answer)).toEqual([500, "INVALID_VARIABLE"]);
        expect(text).toContain("wrangler secret put OPERATOR_SECRET");
        if (secret !== "") expect(text).not.toContain(secret);
      }
      expect((await send("/v1/health")).status).toBe(200);
    },
  );

  test("answers are kept by nobody and read by no page of another origin", async () => {
    const { project } = await operator.create(freshProject());
    for (const path of ["/projects", `/projects/${project.name}`, "/health"]) {
      const answer = await operator.ask("GET", path, undefined, { Origin: "https://app.example" });
      expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
      expect(answer.headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
    }
  });
});

describe("operator API: what it tells", () => {
  test("health says what the deployment is made of", async () => {
    const answer = await operator.ask("GET", "/health");
    expect(await answer.json()).toMatchObject({
      status: "ok",
      version: expect.any(String) as string,
      protocol: { version: "1.0" },
      auth: "none",
      bindings: {
        STREAMS: true,
        PROJECTS: true,
        DIRECTORY: true,
        SUBSCRIPTIONS: true,
        R2: true,
        REGISTRY: true,
        METRICS: false,
        RATE_LIMITER: false,
      },
    });
  });

  test("without PROJECTS the lines to add are told", async () => {
    const answer = await new Operator({ PROJECTS: undefined }).ask("GET", "/projects");
    const text = await answer.clone().text();
    expect(await refusal(answer)).toEqual([500, "BINDING_MISSING"]);
    expect(text).toContain("PROJECTS");
    expect(text).toContain("new_sqlite_classes");
  });

  test("an object that fails is 503, and asking again does no harm", async () => {
    using log = new ErrorLog();
    const name = freshProject();
    const body = { name, secret: newSecret("project") };
    {
      using index = watchIndex();
      index.fail("putName");
      expect(await refusal(await operator.ask("POST", "/projects", body))).toEqual([503, "UNAVAILABLE"]);
    }
    expect(log.take().join()).toContain("injected failure of putName");
    expect((await operator.ask("POST", "/projects", body)).status).toBe(201);
  });

  test("no answer holds a secret but the one to the request that had it made", async () => {
    const name = freshProject("canary");
    const secrets = [newSecret("project"), newSecret("project")];
    const texts: string[] = [];
    const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
      const answer = await operator.ask(method, path, body);
      const text = await answer.text();
      texts.push(text, JSON.stringify([...answer.headers]));
      return text;
    };
    await ask("POST", "/projects", { name, secret: secrets[0] });
    await ask("POST", "/projects", { name, secret: secrets[0] });
    await ask("POST", "/projects", { name, secret: secrets[1] });
    await ask("POST", `/projects/${name}/keys`, { secret: secrets[1] });
    await ask("POST", `/projects/${name}/keys`, { secret: secrets[1] });
    const rotated = await operator.do("POST", `/projects/${name}/keys`, {});
    secrets.push(rotated.secret ?? "", OPERATOR_SECRET);
    for (const [path, methods] of ROUTES) {
      for (const method of methods) {
        if (method !== "DELETE") await ask(method, path.replace("/a", `/${name}`), method === "GET" ? undefined : {});
      }
    }
    await ask("POST", "/projects", { name, secret: `${secrets[0] ?? ""}x` });
    await ask("PATCH", `/projects/${name}`, { settings: { corsOrigins: ["*"] } });
    await ask("DELETE", `/projects/${name}/keys`);
    await ask("DELETE", `/projects/${name}`);
    const unexpected = texts.filter((text) => secrets.some((secret) => secret === "" || text.includes(secret)));
    expect(unexpected).toEqual([]);
    expect(texts.length).toBeGreaterThan(20);
  });
});
