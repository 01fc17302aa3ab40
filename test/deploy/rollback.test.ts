import { describe, expect, it, onTestFinished } from "vitest";
import { planRollback, versionsOf } from "../../src/cli/deploy/rollback.ts";
import { CloudflareApi } from "../../src/cloudflare/api.ts";
import { startScripted } from "../support/scripted-server.ts";

describe("rollback", () => {
  it("from a version older than those that are listed names that one, and compares with it", async () => {
    const version = (id: string, number: number) => ({ id, number, resources: { bindings: [], script_runtime: {} } });
    const answers: Readonly<Record<string, unknown>> = {
      deployments: { deployments: [{ id: "d", versions: [{ version_id: "old-live", percentage: 100 }] }] },
      versions: { items: [version("newest-one", 12), version("before-that", 11)] },
      "before-that": version("before-that", 11),
      "newest-one": version("newest-one", 12),
      "old-live": version("old-live", 1),
    };
    const server = await startScripted((request, response) => {
      const result = answers[request.url?.split("/").at(-1) ?? ""];
      response
        .writeHead(result === undefined ? 404 : 200, { "content-type": "application/json" })
        .end(JSON.stringify({ success: result !== undefined, result, errors: [] }));
    });
    onTestFinished(() => server.stop());
    const credentials = { kind: "token", token: "none" } as const;
    const api = new CloudflareApi({ credentials, baseUrl: server.url, userAgent: "test" });
    const worker = { api, accountId: "a".repeat(32), name: "shop" };
    const plan = await planRollback(worker, await versionsOf(worker), "11");
    expect([plan.from.id, plan.to.id, plan.isLive]).toEqual(["old-live", "before-that", false]);
  });
});
