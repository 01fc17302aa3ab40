// What a server has counted, as the built command tells it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, type RunResult } from "../../support/cli.ts";
import { startBuilt, startGuarded, startReference, type TestServer } from "../../support/servers.ts";

interface MetricsJson {
  readonly source: { readonly kind: string; readonly url?: string };
  readonly sinceMs: number | null;
  readonly untilMs: number;
  readonly operations: readonly {
    readonly operation: string;
    readonly project?: string;
    readonly requests: number;
    readonly clientErrors: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  }[];
  readonly cost?: { readonly totalUsd: number };
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

function parsed({ stdout }: RunResult): MetricsJson {
  return JSON.parse(stdout) as MetricsJson;
}

describe("metrics of a local server", () => {
  let server: TestServer;
  let folder: string;
  beforeAll(async () => {
    server = await startBuilt();
    folder = await mkdtemp(join(tmpdir(), "durable-streams-metrics-"));
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const ds = (args: readonly string[], input = ""): Promise<RunResult> =>
    runCli(args, { cwd: folder, input, env: { DURABLE_STREAMS_URL: server.url } });

  it("appends, reads and what was refused are counted, with their bytes, the busiest first", async () => {
    expect(await ds(["create", "a", "--content-type", "text/plain"])).toMatchObject({ code: 0 });
    expect(await ds(["append", "a"], "eight by")).toMatchObject({ code: 0 });
    expect(await ds(["read", "a"])).toMatchObject({ code: 0, stdout: "eight by" });
    expect(await ds(["read", "missing"])).toMatchObject({ code: 3 });
    const result = await ds(["metrics", "--json"]);
    const { source, sinceMs, untilMs, operations, cost } = parsed(result);
    expect({ code: result.code, source, cost }).toEqual({
      code: 0,
      source: { kind: "counters", url: server.url },
      cost: undefined,
    });
    expect(sinceMs).toBeLessThanOrEqual(untilMs);
    expect(operations).toContainEqual(
      expect.objectContaining({ operation: "append", requests: 1, clientErrors: 0, bytesIn: 8 }),
    );
    expect(operations).toContainEqual(expect.objectContaining({ operation: "read", clientErrors: 1, bytesOut: 8 }));
    const requests = operations.map((row) => row.requests);
    expect(requests).toEqual([...requests].sort((left, right) => right - left));
    expect(operations.every(({ p99Ms, maxMs }) => p99Ms <= maxMs)).toBe(true);
  });

  it("people get a line for each kind, and the estimate with what is not in it", async () => {
    const { code, stdout, stderr } = await ds(["metrics", "--cost"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^append +1 +0 +0 +8 B +0 B /m);
    expect(stdout).toMatch(/^rows written +6 +\$1\.00 per million/m);
    expect(stdout).toContain("Billed too, and not measured: R2 reads (class B)");
  });

  it("--project counts that project alone, and --by project tells them apart", async () => {
    const rows = parsed(await ds(["metrics", "--by", "project", "--json", "--cost"]));
    expect(rows.operations).toContainEqual(expect.objectContaining({ operation: "append", project: "default" }));
    expect(rows.cost?.totalUsd).toBeGreaterThan(0);
    const other = await ds(["metrics", "--project", "other"]);
    expect(other).toMatchObject({ code: 0, stdout: "" });
    expect(other.stderr).toContain("nothing of this project");
  });

  it("--since that goes back further than the server does is told to change nothing", async () => {
    const { code, stdout, stderr } = await ds(["metrics", "--since", "7d"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^append /m);
    expect(stderr).toMatch(/^--since 7d changes nothing: the server counts itself, and has done so for \d+ \w+\. /);
  });

  it("--since that is no duration, and --env beside a server, are usage errors", async () => {
    expect(await ds(["metrics", "--since", "0s"])).toMatchObject({ code: 2 });
    expect(await ds(["metrics", "--since", "soon"])).toMatchObject({ code: 2 });
    const both = parsed(await ds(["metrics", "--env", "staging", "--url", server.url, "--json"]));
    expect(both.error).toMatchObject({ code: "USAGE", message: expect.stringContaining("--env") as unknown });
  });

  it("a file that says no more than where the server is makes the folder no deployment", async () => {
    await writeFile(join(folder, "durable-streams.jsonc"), `{ "url": ${JSON.stringify(server.url)} }`);
    const result = await runCli(["metrics", "--json"], { cwd: folder });
    await rm(join(folder, "durable-streams.jsonc"));
    expect(parsed(result).source).toEqual({ kind: "counters", url: server.url });
  });
});

describe("metrics of other servers", () => {
  it("a guarded server tells operators only, and a server of another kind has none", async () => {
    const [guarded, foreign] = await Promise.all([startGuarded(), startReference()]);
    try {
      const told = await runCli(["metrics", "--url", guarded.url, "--json"], { env: guarded.env });
      expect({ code: told.code, source: parsed(told).source.kind }).toEqual({ code: 0, source: "counters" });
      const refused = await runCli(["metrics", "--url", guarded.url, "--json"]);
      expect(refused.code).toBe(4);
      const none = await runCli(["metrics", "--url", foreign.url, "--json"]);
      expect(none.code).toBe(1);
      expect(parsed(none).error?.code).toBe("NO_OPERATOR_API");
    } finally {
      await Promise.all([guarded.stop(), foreign.stop()]);
    }
  });
});
