// What can go wrong while wrangler is at work. One deployment is broken off at every seam, one after the other, and every
// run goes on where the one before was left; the last one completes it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Operator } from "./support/operator.ts";

const UPLOAD = "PUT /accounts/:account/workers/scripts/:name";
const ADDRESS = "POST /accounts/:account/workers/scripts/:name/subdomain";
const SECRET = "PUT /accounts/:account/workers/scripts/:name/secrets";

describe("deploy, broken off while wrangler is at work", () => {
  let operator: Operator;
  beforeAll(async () => {
    operator = await Operator.start("store");
  });
  afterAll(() => operator.stop());

  async function broken() {
    const { code, result, stderr } = await operator.deploy();
    operator.plane.faults.clear();
    expect(stderr + JSON.stringify(result)).not.toContain(operator.plane.token);
    return { exitCode: code, ...result.error };
  }

  it("Cloudflare fails inside at the upload, again and again: worth another try", async () => {
    const what = { kind: "answer", status: 500, code: 10013, message: "workers.api.error.unknown" } as const;
    const planted = operator.plane.faults.add({ on: UPLOAD, times: "always", what });
    const failure = await broken();
    expect(failure).toMatchObject({ exitCode: 7, code: "WRANGLER_FAILED" });
    expect(failure.message).toContain("Uploading the Worker store");
    expect(failure.hint).toContain("workers.api.error.unknown");
    expect(failure.hint).toContain("Run the command again");
    expect(planted.hits).toBeGreaterThan(1);
    expect(operator.plane.state.scripts.size).toBe(0);
  });

  it("the network goes in the middle of the upload: worth another try", async () => {
    operator.plane.faults.add({ on: UPLOAD, times: "always", what: { kind: "cut", afterBytes: 0 } });
    expect(await broken()).toMatchObject({ exitCode: 7, code: "WRANGLER_FAILED" });
  });

  it("what is wrong with the upload itself is no matter of another try", async () => {
    const message = "Script startup exceeded CPU time limit.";
    operator.plane.faults.add({ on: UPLOAD, what: { kind: "answer", status: 400, code: 10021, message } });
    const failure = await broken();
    expect(failure).toMatchObject({ exitCode: 1, code: "WRANGLER_FAILED" });
    expect(failure.hint).toContain(message);
  });

  it("the upload is done and its answer lost: the next run takes over what is there", async () => {
    operator.plane.faults.add({ on: UPLOAD, applied: true, what: { kind: "cut", afterBytes: 0 } });
    expect((await broken()).exitCode).not.toBe(0);
    expect(operator.script).toMatchObject({ migrationTag: "v1", subdomain: { enabled: false } });
  });

  it("the Worker is there, and its address is not opened: worth another try", async () => {
    const what = { kind: "answer", status: 503, code: 10013, message: "workers.api.error.unknown" } as const;
    operator.plane.faults.add({ on: ADDRESS, times: "always", what });
    expect(await broken()).toMatchObject({ exitCode: 7, code: "WRANGLER_FAILED" });
    expect(operator.script.subdomain.enabled).toBe(false);
  });

  it("no more requests are allowed at the secret: worth another try, and the secret that was made is not lost", async () => {
    const headers = { "retry-after": "1" };
    const what = { kind: "answer", status: 429, code: 971, headers } as const;
    operator.plane.faults.add({ on: SECRET, times: "always", what });
    expect(await broken()).toMatchObject({ exitCode: 7, code: "WRANGLER_FAILED" });
    expect(operator.script.subdomain.enabled).toBe(true);
    expect(operator.binding("OPERATOR_SECRET")).toBeUndefined();
  });

  it("the last run completes it: one bucket, one namespace, and a server that works", async () => {
    const { code, result } = await operator.deploy();
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(result.deployed?.checks).toContain("delete");
    expect(result.plan.changes).toBe(1);
    const { buckets, namespaces, scripts } = operator.plane.state;
    expect([buckets.size, namespaces.size, scripts.size]).toEqual([1, 1, 1]);
    expect(operator.printed).not.toContain(operator.binding("OPERATOR_SECRET"));
  });
});
