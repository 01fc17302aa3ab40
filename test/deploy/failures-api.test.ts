// What Cloudflare's API can do to a deployment before anything is made: each a clear message and an exit code, and the next
// run goes through.
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CloudflareApi } from "../../src/cloudflare/api.ts";
import { bucketExists, createBucket, findNamespace } from "../../src/cloudflare/resources.ts";
import { Operator } from "./support/operator.ts";
import { steadyPort } from "../support/steady-port.ts";

const BUCKET = "GET /accounts/:account/r2/buckets/:bucket";
const NAMESPACES = "GET /accounts/:account/storage/kv/namespaces";

let operator: Operator;

beforeAll(async () => {
  operator = await Operator.start("shop");
});
afterAll(() => operator.stop());
afterEach(() => {
  operator.plane.faults.clear();
});

/** A run that fails and changes nothing; after it, with nothing in its way, the same run finds its way. */
async function refused(env: Record<string, string> = {}) {
  const mark = operator.plane.requests.length;
  const { code, result } = await operator.deploy(["--yes"], env);
  expect(operator.changesSince(mark)).toEqual([]);
  expect(JSON.stringify(result)).not.toContain(operator.plane.token);
  return { exitCode: code, ...result.error };
}

async function goesThrough(): Promise<void> {
  operator.plane.faults.clear();
  const { code, result } = await operator.deploy(["--dry-run"]);
  expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
}

/** How many look-ups of the bucket there have been. */
function lookUps(): number {
  return operator.plane.requests.filter(({ route }) => route === BUCKET).length;
}

describe("deploy, when Cloudflare", () => {
  it("is busy, or loses an answer, once: the run goes on by itself", async () => {
    const headers = { "retry-after": "1" };
    operator.plane.faults.add({ on: BUCKET, what: { kind: "answer", status: 429, code: 971, headers } });
    operator.plane.faults.add({ on: NAMESPACES, what: { kind: "cut", afterBytes: 10 } });
    const before = lookUps();
    expect(await operator.deploy(["--dry-run"])).toMatchObject({ code: 0 });
    expect(lookUps() - before).toBe(2);
  });

  it.for([
    ["allows no more requests", { status: 429, code: 971 }, "CLOUDFLARE_RATE_LIMITED", "wait"],
    ["fails inside", { status: 500, code: 10001 }, "CLOUDFLARE_UNAVAILABLE", "cloudflarestatus"],
    [
      "answers a page instead of JSON",
      { status: 502, body: "<html>Bad gateway</html>" },
      "CLOUDFLARE_UNAVAILABLE",
      "again",
    ],
  ] as const)("%s: after some tries the run ends as worth another", async ([, answer, code, hint]) => {
    operator.plane.faults.add({ on: BUCKET, times: "always", what: { kind: "answer", ...answer } });
    const before = lookUps();
    const refusal = await refused();
    expect(refusal).toMatchObject({ exitCode: 7, code });
    expect(refusal.message).toContain(`Looking for the R2 bucket "shop-segments"`);
    expect(refusal.message).not.toContain("<html>");
    expect(refusal.hint).toContain(hint);
    expect(lookUps() - before).toBe(4);
    await goesThrough();
  });

  it("breaks every answer off in the middle: the run ends as worth another", async () => {
    operator.plane.faults.add({ on: BUCKET, times: "always", what: { kind: "cut", afterBytes: 20 } });
    expect(await refused()).toMatchObject({ exitCode: 7, code: "CLOUDFLARE_UNREACHABLE" });
    await goesThrough();
  });

  it("is not there at all: the address is named, and the network", async () => {
    const url = `http://127.0.0.1:${String(await steadyPort())}/client/v4`;
    expect(await refused({ CLOUDFLARE_API_BASE_URL: url })).toMatchObject({
      exitCode: 7,
      code: "CLOUDFLARE_UNREACHABLE",
      message: expect.stringContaining(url) as unknown,
      hint: expect.stringContaining("network") as unknown,
    });
    await goesThrough();
  });

  it("has no R2 for the account: where to enable it is told", async () => {
    operator.plane.state.r2Enabled = false;
    const refusal = await refused();
    operator.plane.state.r2Enabled = true;
    expect(refusal).toMatchObject({ exitCode: 4, code: "R2_NOT_ENABLED" });
    expect(refusal.hint).toContain("https://dash.cloudflare.com/");
    await goesThrough();
  });

  it.for([
    ["Account Settings Read", "Account Settings: Read"],
    ["Workers KV Storage", "Workers KV Storage: Edit"],
    ["Workers Scripts", "Workers Scripts: Edit"],
  ] as const)("gives the token no %s: the permission is named", async ([missing, named]) => {
    const all = ["Account Settings Read", "Workers KV Storage", "Workers R2 Storage", "Workers Scripts"] as const;
    const token = operator.plane.addToken(all.filter((permission) => permission !== missing));
    const refusal = await refused({ CLOUDFLARE_API_TOKEN: token });
    expect(refusal).toMatchObject({ exitCode: 4, code: "CLOUDFLARE_NOT_ALLOWED" });
    expect(refusal.hint).toContain(named);
    expect(JSON.stringify(refusal)).not.toContain(token);
  });
});

describe("deploy, when the account has", () => {
  it("a Worker of the name that is none of ours: it is left alone, and another name asked for", async () => {
    const { plane } = operator;
    const form = new FormData();
    const metadata = { main_module: "w.js", bindings: [], compatibility_date: "2026-07-30" };
    form.set("metadata", JSON.stringify(metadata));
    const type = "application/javascript+module";
    form.set("w.js", new File(["export default { fetch: () => new Response('mine') };"], "w.js", { type }));
    const path = `${plane.url}/accounts/${plane.accountId}/workers/scripts/shop`;
    const authorization = `Bearer ${plane.token}`;
    expect((await fetch(path, { method: "PUT", body: form, headers: { authorization } })).status).toBe(200);
    expect(await refused()).toMatchObject({
      exitCode: 5,
      code: "WORKER_NAME_TAKEN",
      message: expect.stringContaining("shop") as unknown,
      hint: expect.stringContaining("another name") as unknown,
    });
    expect((await fetch(path, { method: "DELETE", headers: { authorization } })).status).toBe(200);
    await goesThrough();
  });

  it("hundreds of namespaces: the one of exactly the right title is found, on whatever page", async () => {
    const { namespaces } = operator.plane.state;
    const id = (): string => randomBytes(16).toString("hex");
    const add = (title: string): string => {
      const made = id();
      namespaces.set(made, { id: made, title });
      return made;
    };
    for (let index = 0; index < 230; index++) add(`shop-registry-${index}`);
    const wanted = add("shop-registry");
    for (let index = 230; index < 250; index++) add(`shop-registry-${index}`);
    const { result } = await operator.deploy(["--dry-run"]);
    const item = result.plan.items.find(({ kind }) => kind === "kv-namespace");
    expect(item).toMatchObject({ action: "keep", name: "shop-registry", detail: wanted });
    namespaces.clear();
  });
});

describe("a request without an answer", () => {
  const api = (): CloudflareApi =>
    new CloudflareApi({
      credentials: { kind: "token", token: operator.plane.token },
      baseUrl: operator.plane.url,
      userAgent: "test",
      answerTimeoutMs: 300,
    });

  it("is given up after its time, and a look-up is tried again", async () => {
    operator.plane.faults.add({ on: BUCKET, times: 2, what: { kind: "silence" } });
    expect(await bucketExists(api(), operator.plane.accountId, "none")).toBe(false);
    operator.plane.faults.add({ on: NAMESPACES, times: "always", what: { kind: "silence" } });
    const lookUp = findNamespace(api(), operator.plane.accountId, "none");
    await expect(lookUp).rejects.toMatchObject({
      code: "CLOUDFLARE_UNREACHABLE",
      kind: "unavailable",
      // Nothing was begun by a question.
      hint: "Check the network, then run the command again.",
    });
    await expect(lookUp).rejects.toThrow("it took too long");
  });

  it("that was to make something is not sent again: it may have been made, and then it is found", async () => {
    const on = "POST /accounts/:account/r2/buckets";
    const planted = operator.plane.faults.add({ on, times: "always", applied: true, what: { kind: "silence" } });
    const made = createBucket(api(), operator.plane.accountId, "late");
    await expect(made).rejects.toMatchObject({
      code: "CLOUDFLARE_UNREACHABLE",
      hint: "Check the network, then run the command again; it goes on where it was.",
    });
    expect(planted.hits).toBe(1);
    expect(await bucketExists(api(), operator.plane.accountId, "late")).toBe(true);
  });
});
