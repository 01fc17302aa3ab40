import { access, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import type { LocalServer } from "../../src/local/options.ts";
import { listeningPorts } from "./support/listening-ports.ts";
import { STAND_IN_WORKER } from "./support/processes.ts";

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function ask(
  port: number,
  { method = "GET", path: target = "/v1/health", headers = {}, body }: Asked,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path: target, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

let server: LocalServer;
let folder: string;
let publicPort: number;
/** Everything else that listens: Miniflare's entry in workerd, and its control server in this process. */
let otherPorts: number[];

describe.runIf(process.platform === "linux")("what listens", () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "durable-streams-test-"));
    const before = await listeningPorts(process.pid);
    server = await startLocalServer({ workerFile: STAND_IN_WORKER, port: 0, persistDir: folder });
    publicPort = Number(new URL(server.url).port);
    const runtimePorts = await listeningPorts(server.runtimePid);
    const ownPorts = (await listeningPorts(process.pid)).filter((port) => !before.includes(port));
    expect(runtimePorts).toContain(publicPort);
    otherPorts = [...runtimePorts, ...ownPorts].filter((port) => port !== publicPort);
    // If this is not so, another version of Miniflare has opened something that nobody has looked at.
    expect(otherPorts).toHaveLength(2);
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  test("the public port answers 421 to a name that was rebound to this machine", async () => {
    expect(await ask(publicPort, { headers: { host: `evil.example:${publicPort}` } })).toBe(421);
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
      expect(await ask(publicPort, { headers: { host: `${name}:${publicPort}` } })).toBe(200);
    }
  });

  test.each([
    ["plainly", {}],
    ["by naming the URL it should have", { "mf-original-url": "http://127.0.0.1:4437/v1/health" }],
    ["by naming a Worker", { "mf-route-override": "server" }],
  ])("no other port leads to the Worker when asked %s", async (_, headers: Record<string, string>) => {
    for (const port of otherPorts) {
      for (const host of [`127.0.0.1:${port}`, `127.0.0.1:${publicPort}`, "evil.example"]) {
        expect([403, 404, 421]).toContain(await ask(port, { headers: { ...headers, host } }));
      }
    }
  });

  test("no port lets a web page write a file", async () => {
    const file = path.join(folder, "written-by-a-page.txt");
    const target = `/core/store-temp-file?extension=${encodeURIComponent("/..".repeat(12) + file)}`;
    for (const port of [publicPort, ...otherPorts]) {
      const page = { origin: "http://evil.example", "content-type": "text/plain" };
      await ask(port, { method: "POST", path: target, headers: page, body: "x" });
    }
    await expect(access(file)).rejects.toThrow("ENOENT");
  });

  test("no port serves the bucket to a page of another origin", async () => {
    await fetch(`${server.url}/segments/a`, { method: "PUT", body: "sealed" });
    for (const port of otherPorts) {
      const target = "/cdn-cgi/local/r2/public/segments//segments/a";
      expect(await ask(port, { path: target, headers: { host: "evil.example" } })).toBe(403);
      expect(await ask(port, { path: target, headers: { origin: "http://evil.example" } })).toBe(403);
    }
  });
});
