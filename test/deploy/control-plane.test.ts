// The plane itself: plain wrangler, with a Worker of a few lines, finds in it what it finds at Cloudflare.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { runWrangler, startWrangler } from "./wrangler.ts";

const NAME = "hello";

/** Counts in an object, and tells what it was given. */
const source = (version: string): string => `
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async next() {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}
export default { async fetch(request, env) {
  console.log("seen", new URL(request.url).pathname);
  const count = await env.COUNTER.getByName("one").next();
  await env.R2.put("last", String(count));
  await env.KV.put("last", String(count));
  return Response.json({
    version: "${version}", count, greeting: env.GREETING, bindings: Object.keys(env).sort(),
    secretLength: env.SECRET?.length ?? 0,
  });
} };
`;

let plane: ControlPlane;
let folder: string;
let url: string;
let namespaceId: string;

const config = (greeting: string): string =>
  JSON.stringify({
    name: NAME,
    main: "worker.js",
    compatibility_date: "2026-07-30",
    workers_dev: true,
    preview_urls: false,
    durable_objects: { bindings: [{ name: "COUNTER", class_name: "Counter" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["Counter"] }],
    r2_buckets: [{ binding: "R2", bucket_name: "hello-data" }],
    kv_namespaces: [{ binding: "KV", id: namespaceId }],
    vars: { GREETING: greeting },
    observability: { enabled: true },
  });

async function write(version: string, greeting: string): Promise<void> {
  await writeFile(join(folder, "worker.js"), source(version));
  await writeFile(join(folder, "wrangler.json"), config(greeting));
}

async function wrangler(args: readonly string[], input?: string): Promise<string> {
  const result = await runWrangler(plane, args, { cwd: folder, ...(input === undefined ? {} : { input }) });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

async function api(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${plane.url}/accounts/${plane.accountId}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${plane.token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function put(path: string, form: FormData): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${plane.token}` };
  const response = await fetch(`${plane.url}/accounts/${plane.accountId}${path}`, {
    method: "PUT",
    headers,
    body: form,
  });
  return { status: response.status, body: await response.json() };
}

async function worker(): Promise<Record<string, unknown>> {
  const response = await fetch(url);
  return (await response.json()) as Record<string, unknown>;
}

const script = (): NonNullable<ReturnType<ControlPlane["state"]["scripts"]["get"]>> => {
  const found = plane.state.scripts.get(NAME);
  if (found === undefined) throw new Error("there is no script");
  return found;
};

beforeAll(async () => {
  plane = await startControlPlane();
  folder = await mkdtemp(join(tmpdir(), "durable-streams-wrangler-test-"));
  url = await plane.workerUrl(NAME);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await plane.close();
});

describe("control plane: plain wrangler", () => {
  it("a name without a Worker is answered 404 at its address", async () => {
    expect((await fetch(url)).status).toBe(404);
  });

  it("a binding to a namespace that there is not is refused, and there is no Worker", async () => {
    namespaceId = "0".repeat(32);
    await write("1", "hello");
    const result = await runWrangler(plane, ["deploy"], { cwd: folder });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("10041");
    expect(plane.state.scripts.has(NAME)).toBe(false);
  });

  it("a bucket that there is not is made by wrangler before the upload", () => {
    expect([...plane.state.buckets.keys()]).toEqual(["hello-data"]);
  });

  it("deploy: the uploaded Worker runs with its bindings and its class, and nothing else", async () => {
    const made = await api("POST", "/storage/kv/namespaces", { title: "hello-registry" });
    namespaceId = (made.body["result"] as { id: string }).id;
    await write("1", "hello");
    await wrangler(["deploy", "--message", "first"]);
    expect(await worker()).toEqual({
      version: "1",
      count: 1,
      greeting: "hello",
      bindings: ["COUNTER", "GREETING", "KV", "R2"],
      secretLength: 0,
    });
    expect(script()).toMatchObject({ migrationTag: "v1", subdomain: { enabled: true, previews_enabled: false } });
    expect(script().settings.observability).toMatchObject({ enabled: true });
  });

  it("endpoints and Worker see the same objects and values", async () => {
    const objects = await api("GET", "/r2/buckets/hello-data/objects?per_page=100");
    expect(objects.body).toMatchObject({ result: [{ key: "last", size: 1 }], result_info: { is_truncated: false } });
    const keys = await api("GET", `/storage/kv/namespaces/${namespaceId}/keys`);
    expect(keys.body["result"]).toEqual([{ name: "last" }]);
  });

  it("a Worker that fails at its start is refused with what it said, and the one before goes on", async () => {
    const versions = script().versions.length;
    const form = new FormData();
    form.set("metadata", JSON.stringify({ main_module: "w.js", bindings: [], compatibility_date: "2026-07-30" }));
    const type = "application/javascript+module";
    form.set("w.js", new File([`throw new Error("at the start"); export default {};`], "w.js", { type }));
    const { status, body } = await put(`/workers/scripts/${NAME}`, form);
    expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ code: 10021 }] } });
    expect(JSON.stringify(body)).toContain("at the start");
    expect(script().versions.length).toBe(versions);
    expect(await worker()).toMatchObject({ version: "1", count: 2 });
  });

  it("deploy again: another version takes over, with the data of the first", async () => {
    await write("2", "good evening");
    await wrangler(["deploy"]);
    expect(await worker()).toMatchObject({ version: "2", count: 3, greeting: "good evening" });
    expect(script().versions.map(({ number }) => number)).toEqual([1, 2]);
  });

  it("secret put: the Worker gets it, and no endpoint tells it", async () => {
    const secret = randomBytes(20).toString("hex");
    await wrangler(["secret", "put", "SECRET"], secret);
    expect(await worker()).toMatchObject({ version: "2", secretLength: secret.length });
    const paths = ["/secrets", "/settings", `/versions/${script().versions.at(-1)?.id ?? ""}`];
    for (const path of paths) {
      const { body } = await api("GET", `/workers/scripts/${NAME}${path}`);
      expect(JSON.stringify(body)).toContain("SECRET");
      expect(JSON.stringify(body)).not.toContain(secret);
    }
  });

  it("deployments list: wrangler reads every deployment", async () => {
    const listed = JSON.parse(await wrangler(["deployments", "list", "--json"])) as {
      versions: { version_id: string }[];
    }[];
    const ids = listed.flatMap(({ versions }) => versions.map(({ version_id: id }) => id));
    expect(ids.sort()).toEqual(
      script()
        .versions.map(({ id }) => id)
        .sort(),
    );
  });

  it("rollback: the earlier code comes back with its bindings, and keeps the data", async () => {
    const [first] = script().versions;
    const result = await runWrangler(plane, ["rollback", first?.id ?? "", "--yes", "--message", "back"], {
      cwd: folder,
    });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await worker()).toMatchObject({ version: "1", greeting: "hello", secretLength: 0 });
  });

  it("tail: what the Worker logs is streamed", async () => {
    const tail = startWrangler(plane, ["tail", NAME, "--format", "json"], folder);
    try {
      const lines = createInterface({ input: tail.stdout });
      const text: string[] = [];
      const seen = new Promise<void>((resolve) => {
        lines.on("line", (line) => {
          text.push(line);
          if (line.includes("/needle")) resolve();
        });
      });
      await expect.poll(() => plane.tails.listeners(NAME), { timeout: 60_000 }).toBe(1);
      await fetch(`${url}/needle`);
      await seen;
      expect(text.join("\n")).toContain("seen");
    } finally {
      const ended = once(tail, "close");
      tail.kill("SIGINT");
      await ended;
    }
    await expect.poll(() => plane.tails.listeners(NAME), { timeout: 60_000 }).toBe(0);
  });

  it("delete: the Worker and its objects are gone, bucket and namespace stay until they are deleted themselves", async () => {
    await wrangler(["delete", NAME, "--force"]);
    expect((await fetch(url)).status).toBe(404);
    expect(await api("DELETE", "/r2/buckets/hello-data")).toMatchObject({
      status: 409,
      body: { errors: [{ code: 10008 }] },
    });
    expect(await api("DELETE", "/r2/buckets/hello-data/objects/last")).toMatchObject({ status: 200 });
    expect(await api("DELETE", "/r2/buckets/hello-data")).toMatchObject({ status: 200 });
    expect(await api("DELETE", `/storage/kv/namespaces/${namespaceId}`)).toMatchObject({ status: 200 });
    expect(plane.state.buckets.size + plane.state.namespaces.size + plane.state.scripts.size).toBe(0);
  });
});
