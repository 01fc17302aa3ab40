// What the plane does not let pass, and what it can be made to do wrong.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";

let plane: ControlPlane;

beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(async () => {
  plane.violations.length = 0;
  await plane.close();
});

function ask(method: string, path: string, body?: unknown, token = plane.token): Promise<Response> {
  return fetch(`${plane.url}/accounts/${plane.accountId}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** What it notes of an upload with this metadata. */
async function upload(metadata: object): Promise<readonly string[]> {
  const form = new FormData();
  const whole = { main_module: "w.js", compatibility_date: "2026-07-30", bindings: [], ...metadata };
  form.set("metadata", JSON.stringify(whole));
  form.set("w.js", new File(["export default {};"], "w.js", { type: "application/javascript+module" }));
  const headers = { authorization: `Bearer ${plane.token}` };
  await fetch(`${plane.url}/accounts/${plane.accountId}/workers/scripts/w`, { method: "PUT", headers, body: form });
  return plane.violations;
}

describe("control plane: strictness", () => {
  it.for([
    ["an endpoint that it does not know", "GET", "/workers/scriptz", undefined, "/workers/scriptz is no endpoint"],
    ["a method that an endpoint does not have", "POST", "/workers/scripts", {}, "no endpoint"],
    ["a parameter that it does not know", "GET", "/r2/buckets?pages=2", undefined, "the query parameter pages"],
    ["a parameter's value", "GET", "/storage/kv/namespaces?per_page=5000", undefined, "per_page has the value 5000"],
    ["a body where none belongs", "DELETE", "/workers/scripts/x", {}, "none belongs"],
    ["a field that it does not know", "POST", "/r2/buckets", { name: "abc", size: 1 }, "size is not known"],
    ["a field that is missing", "POST", "/storage/kv/namespaces", {}, "title is missing"],
    ["a field of another type", "POST", "/storage/kv/namespaces", { title: 1 }, "title should be"],
    ["a query that no test announced", "POST", "/analytics_engine/sql", "SELECT 1", "no test expects"],
  ] as const)("%s is noted, and closing fails", async ([, method, path, body, noted]) => {
    const response = await ask(method, path, body);
    expect(response.ok).toBe(false);
    expect(await response.json()).toMatchObject({ success: false, errors: [{ code: expect.any(Number) as unknown }] });
    expect(plane.violations).toEqual([expect.stringMatching(noted) as unknown]);
    const closing = plane.close();
    await expect(closing).rejects.toThrow("the control plane was misused");
    plane = await startControlPlane();
  });

  it.for([
    ["a binding of a type that it would not give", { bindings: [{ type: "d1", name: "DB", id: "1" }] }, "the type d1"],
    [
      "a binding with a field too many",
      { bindings: [{ type: "plain_text", name: "A", text: "", x: 1 }] },
      "x is not known",
    ],
    ["metadata that it does not know", { usage_model: "bundled" }, "usage_model is not known"],
    ["a message that is too long", { annotations: { "workers/message": "m".repeat(101) } }, "workers/message"],
  ] as const)("an upload with %s is noted", async ([, metadata, noted]) => {
    expect(await upload(metadata)).toEqual([expect.stringContaining(noted) as unknown]);
    expect(plane.state.scripts.size).toBe(0);
  });

  it("a token opens what its permissions say, an unknown one nothing", async () => {
    const token = plane.addToken(["Workers KV Storage"]);
    expect((await ask("GET", "/storage/kv/namespaces", undefined, token)).status).toBe(200);
    expect((await ask("GET", "/r2/buckets", undefined, token)).status).toBe(403);
    expect((await ask("GET", "/r2/buckets", undefined, "x".repeat(40))).status).toBe(401);
    expect(plane.violations).toEqual([]);
  });

  it("a host name is taken from another Worker, or from DNS records, only where the request says that it may", async () => {
    plane.state.zones.push({ id: "e".repeat(32), name: "example.com" });
    plane.state.dnsRecords.add("www.example.com");
    const attach = async (worker: string, hostname: string, overrides: object = {}): Promise<number> => {
      const none = { override_scope: true, override_existing_origin: false, override_existing_dns_record: false };
      const body = { ...none, origins: [{ hostname }], ...overrides };
      return (await ask("PUT", `/workers/scripts/${worker}/domains/records`, body)).status;
    };
    const name = "streams.example.com";
    expect([await attach("one", name), await attach("one", name), await attach("two", name)]).toEqual([200, 200, 409]);
    expect(await attach("two", name, { override_existing_origin: true })).toBe(200);
    expect(await attach("two", "www.example.com", { override_existing_origin: true })).toBe(409);
    expect(await attach("two", "www.example.com", { override_existing_dns_record: true })).toBe(200);
    expect([...plane.state.domains.values()].map(({ service }) => service)).toEqual(["two", "two"]);
  });

  it("migrations follow upon each other, or are refused", async () => {
    const first = { new_tag: "v1", steps: [{ new_sqlite_classes: ["A"] }] };
    const form = (migrations: object): FormData => {
      const made = new FormData();
      const metadata = { main_module: "w.js", compatibility_date: "2026-07-30", bindings: [], migrations };
      made.set("metadata", JSON.stringify(metadata));
      const source =
        'import { DurableObject } from "cloudflare:workers"; export class A extends DurableObject {} export default {};';
      made.set("w.js", new File([source], "w.js", { type: "application/javascript+module" }));
      return made;
    };
    const headers = { authorization: `Bearer ${plane.token}` };
    const url = `${plane.url}/accounts/${plane.accountId}/workers/scripts/w`;
    const put = async (migrations: object): Promise<unknown> =>
      (await fetch(url, { method: "PUT", headers, body: form(migrations) })).json();
    expect(await put(first)).toMatchObject({ result: { migration_tag: "v1" } });
    expect(await put(first)).toMatchObject({ errors: [{ code: 10079 }] });
    expect(await put({ old_tag: "v1", new_tag: "v2", steps: [{ new_classes: ["A"] }] })).toMatchObject({
      errors: [{ code: 10074 }],
    });
  });
});

describe("control plane: faults", () => {
  const on = "POST /accounts/:account/r2/buckets";
  const create = (): Promise<Response> => ask("POST", "/r2/buckets", { name: "half-made" });

  it("befall as many requests as they say, after those that they let pass", async () => {
    plane.faults.add({
      on: "GET /accounts/:account/r2/buckets",
      after: 1,
      times: 2,
      what: { kind: "answer", status: 503 },
    });
    const statuses: number[] = [];
    for (let asked = 0; asked < 4; asked++) statuses.push((await ask("GET", "/r2/buckets")).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
  });

  it("with an effect, or without", async () => {
    plane.faults.add({ on, what: { kind: "cut", afterBytes: 5 } });
    await expect(create().then((response) => response.text())).rejects.toThrow();
    expect(plane.state.buckets.size).toBe(0);
    plane.faults.add({ on, applied: true, what: { kind: "cut", afterBytes: 5 } });
    await expect(create().then((response) => response.text())).rejects.toThrow();
    expect([...plane.state.buckets.keys()]).toEqual(["half-made"]);
  });

  it("of an endpoint that there is not are refused", () => {
    expect(() => plane.faults.add({ on: "GET /nowhere", what: { kind: "silence" } })).toThrow("GET /nowhere");
  });
});
