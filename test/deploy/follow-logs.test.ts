import { describe, expect, it, onTestFinished, vi } from "vitest";
import { followLogs } from "../../src/cli/deploy/follow-logs.ts";
import { Notices } from "../../src/cli/notices.ts";
import { CloudflareApi } from "../../src/cloudflare/api.ts";
import { startScripted } from "../support/scripted-server.ts";

// Pauses between tries are no part of what is tested.
vi.mock(import("node:timers/promises"), async (load) => {
  const real = await load();
  const setTimeout = ((_ms: number, value: unknown) => Promise.resolve(value)) as typeof real.setTimeout;
  return { ...real, setTimeout };
});

describe("the log of a Worker", () => {
  it("whose WebSocket never opens ends as worth another try, and each tail that was made is closed", async () => {
    const server = await startScripted((request, response) => {
      const result = { id: "tail", url: `${server.url.replace("http", "ws")}/nowhere` };
      response
        .writeHead(request.url?.endsWith("/nowhere") === true ? 404 : 200, { "content-type": "application/json" })
        .end(JSON.stringify({ success: true, result }));
    });
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(async () => {
      said.mockRestore();
      await server.stop();
    });
    const api = new CloudflareApi({
      credentials: { kind: "token", token: "none" },
      baseUrl: server.url,
      userAgent: "test",
    });
    const following = followLogs({
      api,
      accountId: "a".repeat(32),
      name: "shop",
      signal: new AbortController().signal,
      notices: new Notices("quiet"),
      onEvent: () => Promise.resolve(),
    });
    await expect(following).rejects.toMatchObject({ code: "LOG_NOT_OPENED", kind: "unavailable" });
    const asked = (method: string): number => server.requests.filter((each) => each.startsWith(method)).length;
    expect([asked("POST"), asked("DELETE")]).toEqual([6, 6]);
  });
});
