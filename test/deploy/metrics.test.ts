// What Analytics Engine has of a deployment, as the built command tells it.
import { join } from "node:path";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { meantDeployment } from "../../src/cli/metrics/meant-deployment.ts";
import { operationsSql } from "../../src/cloudflare/analytics.ts";
import { Operator } from "./support/operator.ts";

const SQL_API = "POST /accounts/:account/analytics_engine/sql";
const COLUMNS = [{ name: "operation", type: "String" }];
/** As it comes: numbers of 64 bits as texts. */
const APPENDS = {
  operation: "append",
  requests: "4000000",
  client_errors: "1000000",
  server_errors: "0",
  bytes_in: 5_000_000_000,
  bytes_out: 0,
  from_bucket: "0",
  p50_ms: 4.2,
  p99_ms: 31,
  max_ms: 250,
  points: "2000000",
};
const READS = { ...APPENDS, operation: "read", requests: "7000000", from_bucket: "1000000", points: "7000000" };

interface MetricsJson {
  readonly source?: Readonly<Record<string, string>>;
  readonly operations?: readonly Readonly<Record<string, unknown>>[];
  readonly cost?: { readonly totalUsd: number };
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

let operator: Operator;
beforeAll(async () => {
  operator = await Operator.start("shop");
});
afterAll(() => operator.stop());

async function metrics(args: readonly string[], env: Record<string, string> = {}) {
  const mark = operator.plane.analytics.asked.length;
  const { code, stdout, stderr } = await operator.run(["metrics", "--json", ...args], env);
  const result = JSON.parse(stdout) as MetricsJson;
  return { code, result, stderr, asked: operator.plane.analytics.asked.slice(mark) };
}

describe("metrics of a deployment", () => {
  it("without a dataset it is said how to get one, and Cloudflare is not asked", async () => {
    const mark = operator.plane.requests.length;
    const { code, result } = await metrics([]);
    expect(code).toBe(2);
    expect(result.error).toMatchObject({ code: "NO_DATASET", hint: expect.stringContaining('"analytics"') as unknown });
    expect(operator.plane.requests.length).toBe(mark);
    await operator.edit(
      '"vars": {}',
      '"vars": {},\n  "analytics": "shop_metrics",\n  "environments": { "staging": {}, "test": { "analytics": "test_metrics" } }',
    );
  });

  it("the last 24 hours are asked for, and what comes is shown with its costs, the busiest first", async () => {
    const query = operationsSql({ dataset: "shop_metrics", sinceSeconds: 86_400, byProject: false });
    operator.plane.analytics.expect({ query, columns: COLUMNS, rows: [APPENDS, READS] });
    const { code, result, stderr, asked } = await metrics(["--cost"]);
    expect({ code, asked }).toEqual({ code: 0, asked: [query] });
    expect(result.source).toEqual({ kind: "analytics", worker: "shop", dataset: "shop_metrics" });
    expect(result.operations).toMatchObject([
      { operation: "read", requests: 7_000_000, fromBucket: 1_000_000 },
      { operation: "append", requests: 4_000_000, clientErrors: 1_000_000, bytesIn: 5_000_000_000, p50Ms: 4.2 },
    ]);
    // 6 million rows written, 3 read, 11 million requests, 1 million reads of the bucket.
    expect(result.cost?.totalUsd).toBeCloseTo(6 + 0.003 + 1.65 + 0.36);
    expect(stderr).toContain("kept 9000000 data points of about 11000000");
    expect(stderr).toContain("shop-staging may write to the same dataset");
    const { stdout } = await operator.run(["metrics"]);
    expect(stdout).toMatch(/^append +4000000 +1000000 +0 +5\.00 GB +0 B +4\.2 +31 +250$/m);
  });

  it("an environment, a span, a project and --by project stand in the query", async () => {
    const query = operationsSql({ dataset: "test_metrics", sinceSeconds: 7200, project: "a-b", byProject: true });
    operator.plane.analytics.expect({ query, columns: COLUMNS, rows: [{ ...APPENDS, project: "a-b" }] });
    const args = ["--env", "test", "--since", "2h", "--by", "project", "--project", "a-b"];
    const { code, result, asked } = await metrics(args);
    expect({ code, asked }).toEqual({ code: 0, asked: [query] });
    expect(result.source).toMatchObject({ worker: "shop-test", environment: "test" });
    expect(result.operations).toMatchObject([{ operation: "append", project: "a-b" }]);
  });

  it("nothing that could end a name gets into the query", async () => {
    const project = await metrics(["--project", "a' OR '1' = '1"]);
    expect(project).toMatchObject({ code: 2, asked: [] });
    await operator.edit('"shop_metrics"', '"shop; DROP"');
    const dataset = await metrics([]);
    await operator.edit('"shop; DROP"', '"shop_metrics"');
    expect(dataset).toMatchObject({ code: 2, asked: [] });
  });

  it("a dataset without anything is said to be so, whether Cloudflare answers with no rows or knows no such table", async () => {
    operator.plane.analytics.expect({ query: /INTERVAL '1' MINUTE/, columns: COLUMNS, rows: [] });
    const empty = await operator.run(["metrics", "--since", "1m"]);
    operator.plane.faults.add({
      on: SQL_API,
      what: { kind: "answer", status: 422, body: "unknown table: shop_metrics" },
    });
    const unknown = await operator.run(["metrics", "--since", "1m"]);
    for (const { code, stdout, stderr } of [empty, unknown]) {
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
      expect(stderr).toContain("holds nothing of the last 60 seconds: nothing happened, or not long enough ago");
    }
  });
});

describe("metrics that Cloudflare does not give", () => {
  it("a token without the permission is told its name", async () => {
    const token = operator.plane.addToken(["Account Settings Read", "Workers Scripts"]);
    const { code, result } = await metrics([], { CLOUDFLARE_API_TOKEN: token });
    expect({ code, error: result.error }).toMatchObject({
      code: 4,
      error: { hint: expect.stringContaining("Account Analytics: Read") as unknown },
    });
    expect(operator.printed).not.toContain(token);
  });

  it("an account without Analytics Engine is told where to enable it", async () => {
    operator.plane.faults.add({
      on: SQL_API,
      what: { kind: "answer", status: 403, code: 10089, message: "You need to enable Analytics Engine." },
    });
    const { code, result } = await metrics([]);
    expect({ code, error: result.error?.code }).toEqual({ code: 4, error: "ANALYTICS_NOT_ENABLED" });
  });

  it("a query that is refused for another reason is no empty answer", async () => {
    operator.plane.faults.add({
      on: SQL_API,
      what: { kind: "answer", status: 422, code: 422, message: "cannot parse the query" },
    });
    const { code, result } = await metrics([]);
    expect({ code, message: result.error?.message }).toMatchObject({
      code: 1,
      message: expect.stringContaining("cannot parse the query") as unknown,
    });
  });
});

describe("what metrics is about", () => {
  it("a folder that deploys, unless the command line or the environment names a server", async () => {
    const cwd = operator.folder;
    for (const source of ["context", "file", "default"] as const) {
      const meant = await meantDeployment({ environment: undefined, source, cwd });
      expect(meant?.target.name, source).toBe("shop");
    }
    for (const source of ["flag", "environment"] as const) {
      expect(await meantDeployment({ environment: undefined, source, cwd }), source).toBeUndefined();
    }
    const staging = await meantDeployment({ environment: "staging", source: "environment", cwd });
    expect(staging).toMatchObject({ target: { name: "shop-staging" }, sharedWith: ["shop"] });
  });

  it("a folder without a project file, or with one that names a server only, deploys nothing", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "durable-streams-metrics-"));
    const where = { environment: undefined, source: "default", cwd } as const;
    expect(await meantDeployment(where)).toBeUndefined();
    await writeFile(join(cwd, "durable-streams.jsonc"), '{ "context": "shop" } // no more');
    expect(await meantDeployment(where)).toBeUndefined();
    await rm(cwd, { recursive: true });
  });
});
