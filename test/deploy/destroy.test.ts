// The end of a deployment.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Operator } from "./support/operator.ts";

const BUCKET = "shop-segments";
const AGREED = ["--yes", "--name", "shop"];

let operator: Operator;
beforeAll(async () => {
  operator = await Operator.start("shop");
  expect(await operator.deploy()).toMatchObject({ code: 0 });
});
afterAll(() => operator.stop());

describe("destroy", () => {
  async function destroy(args: readonly string[]) {
    const { code, stdout, stderr } = await operator.run(["destroy", "--json", ...args]);
    return {
      code,
      stderr,
      result: JSON.parse(stdout) as { removed?: string[]; error?: { code: string; hint: string } },
    };
  }

  function saved(name: string): Promise<string> {
    return readFile(join(operator.env["DURABLE_STREAMS_CONFIG_DIR"] ?? "", name), "utf8");
  }

  async function putObjects(count: number): Promise<void> {
    const { plane } = operator;
    for (let index = 0; index < count; index++) {
      const key = encodeURIComponent(`segments/p/a b%2Fc/${String(index)}.seg`);
      const path = `${plane.url}/accounts/${plane.accountId}/r2/buckets/${BUCKET}/objects/${key}`;
      const { status } = await fetch(path, {
        method: "PUT",
        headers: { authorization: `Bearer ${plane.token}`, "content-type": "application/octet-stream" },
        body: "x",
      });
      expect(status).toBe(200);
    }
  }

  it("is refused without a terminal unless both --yes and the Worker's own name are given", async () => {
    const mark = operator.plane.requests.length;
    for (const args of [[], ["--yes"], ["--name", "shop"], ["--yes", "--name", "shop-two"]]) {
      expect(await destroy(args)).toMatchObject({ code: 2 });
    }
    expect((await destroy(["--yes"])).result.error?.hint).toContain("--yes --name shop");
    expect(operator.plane.requests.length).toBe(mark);
  });

  it("a Worker of that name that is no server of ours is left alone", async () => {
    const { script } = operator;
    const versions = script.versions.map((version) => ({
      ...version,
      bindings: version.bindings.filter(({ name }) => name !== "STREAMS"),
    }));
    operator.plane.state.scripts.set(script.name, { ...script, versions });
    const mark = operator.plane.requests.length;
    const refused = await destroy(AGREED);
    operator.plane.state.scripts.set(script.name, script);
    expect(refused).toMatchObject({ code: 5, result: { error: { code: "WORKER_NAME_TAKEN" } } });
    expect(operator.changesSince(mark)).toEqual([]);
  });

  it("broken off among the objects, it has kept what leads to the server from here", async () => {
    await putObjects(12);
    const route = "DELETE /accounts/:account/r2/buckets/:bucket/objects/:key*";
    const refusal = { kind: "answer", status: 403, code: 10000, message: "Authentication error" } as const;
    const fault = operator.plane.faults.add({ on: route, after: 4, times: "always", what: refusal });
    const { code, stderr } = await destroy(AGREED);
    fault.remove();
    expect(code).toBe(4);
    expect(stderr).toContain("with its Durable Objects");
    expect(operator.plane.state.scripts.size).toBe(0);
    expect([...operator.plane.state.buckets.keys()]).toEqual([BUCKET]);
    expect(await saved("contexts.json")).toContain('"shop"');
    expect(await saved("credentials.json")).toContain("operatorSecret");
  });

  it("--keep-data leaves bucket and namespace, and forgets the server last", async () => {
    const { code, result } = await destroy(["--keep-data", ...AGREED]);
    expect({ code, removed: result.removed }).toEqual({ code: 0, removed: ["contexts", "credentials"] });
    expect([...operator.plane.state.buckets.keys()]).toEqual([BUCKET]);
    expect(operator.plane.state.namespaces.size).toBe(1);
    expect(JSON.parse(await saved("contexts.json"))).toMatchObject({ contexts: {} });
    expect(JSON.parse(await saved("credentials.json"))).toMatchObject({ servers: {} });
  });

  it("run again it completes, and nothing is left", async () => {
    const { code, result } = await destroy(AGREED);
    expect({ code, removed: result.removed }).toEqual({ code: 0, removed: ["r2-bucket", "kv-namespace"] });
    const { scripts, buckets, namespaces, domains } = operator.plane.state;
    expect([scripts.size, buckets.size, namespaces.size, domains.size]).toEqual([0, 0, 0, 0]);
    const mark = operator.plane.requests.length;
    expect(await destroy(AGREED)).toMatchObject({ code: 0, result: { removed: [] } });
    expect(operator.changesSince(mark)).toEqual([]);
  });
});
