import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { Clock } from "../support/clock.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { Meter } from "../support/meter.ts";
import { errorCode, sendTo, settleBackground, type RequestOptions } from "../support/stream-client.ts";
import { directoryOf, freshProject, pagedPaths, registerAll, registration, sorted } from "./support/directories.ts";

const send = sendTo();

interface Listed {
  readonly path: string;
  readonly next_offset?: string;
  readonly expires_at?: string | null;
}

interface List {
  readonly streams: readonly Listed[];
  readonly next_cursor: string | null;
}

async function list(project: string, query = "", by = send): Promise<List> {
  const answer = await by(`/v1/${project}/stream/__ds/streams${query}`);
  if (answer.status !== 200) throw new Error(`${String(answer.status)}: ${await answer.text()}`);
  return answer.json<List>();
}

async function paths(project: string, query = ""): Promise<string[]> {
  return (await list(project, query)).streams.map(({ path }) => path);
}

/** Creates a stream of the project. */
async function create(project: string, path: string, options: RequestOptions = {}): Promise<void> {
  const url = `/v1/${project}/stream/${encodeURIComponent(path).replaceAll("%2F", "/")}`;
  const headers = { "Content-Type": "application/json", ...options.headers };
  const { status } = await send(url, { method: "PUT", ...options, headers });
  if (status !== 201) throw new Error(`PUT ${path} answered ${String(status)}`);
}

function objectOf(project: string, path: string) {
  return env.STREAMS.getByName(`${project}/${path}`);
}

describe("list: what it tells", () => {
  test("of each stream what it is, and how far it has come", async () => {
    using clock = new Clock();
    const project = freshProject();
    const created = new Date(clock.nowMs).toISOString();
    await create(project, "a", { body: "[1,2,3]" });
    await create(project, "b", { headers: { "Content-Type": "text/plain", "Stream-TTL": "60" } });
    await create(project, "c", {
      headers: { "Stream-Expires-At": "2099-01-31T13:00:00+01:00", "Stream-Closed": "true" },
    });
    const offset = (position: number): string => `0000000000000000_${String(position).padStart(16, "0")}`;
    const same = { content_type: "application/json", public: false, created_at: created };
    expect(await list(project)).toEqual({
      streams: [
        { ...same, path: "a", next_offset: offset(3), closed: false, expires_at: null },
        {
          ...same,
          path: "b",
          content_type: "text/plain",
          next_offset: offset(0),
          closed: false,
          expires_at: new Date(clock.nowMs + 60_000).toISOString(),
          ttl_seconds: 60,
        },
        { ...same, path: "c", next_offset: offset(0), closed: true, expires_at: "2099-01-31T12:00:00.000Z" },
      ],
      next_cursor: null,
    });
  });

  test("public streams as such", async () => {
    const project = freshProject();
    const answer = await send(`/v1/${project}/stream/a?public=true`, { method: "PUT" });
    expect(answer.status).toBe(201);
    expect((await list(project)).streams).toMatchObject([{ path: "a", public: true }]);
  });

  test("the streams of the project alone, and of the default one at the short route", async () => {
    const [one, other] = [freshProject(), freshProject()];
    await create(one, "a");
    await create(other, "b");
    await create("default", one);
    expect(await paths(one)).toEqual(["a"]);
    const answer = await send(`/v1/stream/__ds/streams?prefix=${one}`);
    expect((await answer.json<List>()).streams).toMatchObject([{ path: one }]);
  });

  test("names alone without asking any stream", async () => {
    const meter = new Meter();
    const counted = sendTo({}, { STREAMS: meter.countedNamespace(env.STREAMS) });
    const project = freshProject();
    await registerAll(directoryOf(project), ["a", "b"]);
    expect(await list(project, "?fields=name", counted)).toEqual({
      streams: [{ path: "a" }, { path: "b" }],
      next_cursor: null,
    });
    expect(meter.take().objectRequests).toBe(0);
  });

  test("is never kept by a cache", async () => {
    const answer = await send(`/v1/${freshProject()}/stream/__ds/streams`);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(await answer.json()).toEqual({ streams: [], next_cursor: null });
  });
});

describe("list: pages", () => {
  const PATHS = ["a", "a/b", "a/c d", "a/%2F", "b", "é", "\u{ff5e}", "\u{1f600}"];

  test("go through all streams in the order of their paths' bytes, whatever their size", async () => {
    const project = freshProject();
    for (const path of PATHS) await create(project, path);
    for (const limit of [1, 3, PATHS.length]) {
      const found: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const page: List = await list(project, `?limit=${String(limit)}${query}`);
        expect(page.streams.length).toBeLessThanOrEqual(limit);
        found.push(...page.streams.map(({ path }) => path));
        cursor = page.next_cursor;
      }
      expect(found).toEqual(sorted(PATHS));
    }
  });

  test("of a prefix have the paths that begin like that, whatever follows", async () => {
    const project = freshProject();
    for (const path of PATHS) await create(project, path);
    expect(await paths(project, "?prefix=a")).toEqual(["a", "a/%2F", "a/b", "a/c d"]);
    expect(await paths(project, "?prefix=a/c%20")).toEqual(["a/c d"]);
    expect(await paths(project, `?prefix=${encodeURIComponent("\u{1f600}")}`)).toEqual(["\u{1f600}"]);
    expect(await paths(project, "?prefix=zzz")).toEqual([]);
    const { next_cursor } = await list(project, "?prefix=a&limit=3");
    expect(await paths(project, `?prefix=a&cursor=${next_cursor ?? ""}`)).toEqual(["a/c d"]);
  });

  test("have a hundred streams when nobody says how many", async () => {
    const project = freshProject();
    const names = Array.from({ length: 101 }, (_, i) => String(i).padStart(3, "0"));
    await registerAll(directoryOf(project), names);
    const { streams, next_cursor } = await list(project, "?fields=name");
    expect(streams).toHaveLength(100);
    expect(await paths(project, `?fields=name&cursor=${next_cursor ?? ""}`)).toEqual(["100"]);
  });

  test.each([
    ["cursor=", "INVALID_CURSOR"],
    ["cursor=%2B%2B", "INVALID_CURSOR"],
    ["cursor=YQ%3D%3D", "INVALID_CURSOR"],
    ["cursor=_w", "INVALID_CURSOR"],
    ["limit=0", "INVALID_LIMIT"],
    ["limit=1001", "INVALID_LIMIT"],
    ["limit=x", "INVALID_LIMIT"],
    ["fields=path", "INVALID_FIELD"],
  ])("%s is refused with %s", async (query, code) => {
    const answer = await send(`/v1/${freshProject()}/stream/__ds/streams?${query}`);
    expect([answer.status, await errorCode(answer)]).toEqual([400, code]);
  });
});

describe("list: streams that come and go", () => {
  test("a stream is listed as soon as it is there, and not any more when it was deleted", async () => {
    const project = freshProject();
    for (const path of ["a", "b"]) await create(project, path);
    expect((await send(`/v1/${project}/stream/a`, { method: "DELETE" })).status).toBe(204);
    expect(await paths(project)).toEqual(["b"]);
    // An object keeps its promise to the directory by its alarm, if it has not done so already.
    await runDurableObjectAlarm(objectOf(project, "a"));
    await eventually(() => pagedPaths(directoryOf(project), "", 10)).toEqual(["b"]);
    await create(project, "a");
    expect(await paths(project)).toEqual(["a", "b"]);
  });

  test("a stream whose time is over is not listed, and listing does not lengthen it", async () => {
    using clock = new Clock();
    const project = freshProject();
    await create(project, "a", { headers: { "Stream-TTL": "100" } });
    await create(project, "b");
    clock.advanceSeconds(60);
    expect(await paths(project)).toEqual(["a", "b"]);
    clock.advanceSeconds(60);
    expect(await paths(project)).toEqual(["b"]);
  });

  test("everything may sleep in between", async () => {
    const project = freshProject();
    await create(project, "a", { body: "[1]" });
    await evictDurableObject(objectOf(project, "a"));
    await evictDurableObject(directoryOf(project));
    expect((await list(project)).streams).toMatchObject([
      { path: "a", next_offset: "0000000000000000_0000000000000001" },
    ]);
  });

  test("an entry without a stream is left out, and taken out of the list once it is older than a minute", async () => {
    const project = freshProject();
    const directory = directoryOf(project);
    await directory.register(registration("old", { createdAtMs: Date.now() - 61_000 }));
    await directory.register(registration("young", { createdAtMs: Date.now() - 30_000 }));
    await create(project, "there");
    expect(await paths(project)).toEqual(["there"]);
    await settleBackground();
    expect(await pagedPaths(directory, "", 10)).toEqual(["there", "young"]);
  });

  test("a page of such entries is empty, and more follow", async () => {
    const project = freshProject();
    await registerAll(directoryOf(project), ["a", "b"]);
    await create(project, "c");
    const { streams, next_cursor } = await list(project, "?limit=2");
    expect(streams).toEqual([]);
    expect(await paths(project, `?limit=2&cursor=${next_cursor ?? ""}`)).toEqual(["c"]);
  });

  test("an entry that could not be taken out is no failure of the list", async () => {
    using log = new ErrorLog();
    const project = freshProject();
    const directory = directoryOf(project);
    await directory.register(registration("old", { createdAtMs: 0 }));
    const broken = {
      getByName: () => ({
        streams: (prefix: string, after: string, limit: number) => directory.streams(prefix, after, limit),
        unregisterAll: () => Promise.reject(new Error("injected")),
      }),
    };
    expect(await list(project, "", sendTo({}, { DIRECTORY: broken }))).toEqual({ streams: [], next_cursor: null });
    await settleBackground();
    expect(log.take()).toEqual([expect.stringContaining("could not be taken out of the list")]);
    expect(await pagedPaths(directory, "", 10)).toEqual(["old"]);
  });
});
