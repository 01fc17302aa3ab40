// From nothing to a deployment and back, as a user goes it: with the package that `npm pack` makes, installed in an empty
// folder. Each step goes on from the one before.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environment, NODE } from "../support/cli.ts";
import { changesOf, Operator, type DeployJson } from "./support/operator.ts";

const SCRIPT = "/accounts/:account/workers/scripts/:name";
/** A first upload, and one of a further version. */
const UPLOADS = [`PUT ${SCRIPT}`, `POST ${SCRIPT}/versions`];
const STREAM = "/v1/my-app/stream/events";
const FIRST = ['{"n":1}', '{"n":2}', '{"n":3}'];

interface Findings {
  readonly findings: readonly { readonly code: string; readonly kind?: string; readonly name?: string }[];
}

describe("from nothing to Cloudflare and back", () => {
  let operator: Awaited<ReturnType<typeof Operator.installed>>;
  let url: string;
  let token: string;
  beforeAll(async () => {
    operator = await Operator.installed("shop");
    // The Node of somebody who can use the package at all, outside of any node_modules.
    const bin = join(operator.folder, ".node");
    await mkdir(bin);
    await symlink(NODE, join(bin, "node"));
    operator.env["PATH"] = [bin, process.env["PATH"]].join(delimiter);
    url = await operator.plane.workerUrl("shop");
  });
  afterAll(() => operator.stop());

  /** A command that has to succeed, and what it printed as data. */
  async function ds(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await operator.run(args);
    expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
    return { stdout, stderr };
  }

  async function dsJson<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse((await ds(...args, "--json")).stdout) as T;
  }

  function uploadsSince(mark: number): number {
    return operator.plane.requests.slice(mark).filter(({ route = "" }) => UPLOADS.includes(route)).length;
  }

  /** Lines through a pipe of the shell into `append`. */
  async function pipe(lines: readonly string[]): Promise<{ code: number | null; stdout: string }> {
    const line = `printf '%s\\n' ${lines.map((each) => `'${each}'`).join(" ")} | "$NODE" "$BIN" append events`;
    const child = spawn("sh", ["-c", `${line} --project my-app`], {
      cwd: operator.folder,
      env: environment({ ...operator.env, NODE, BIN: join(operator.folder, "node_modules/.bin/durable-streams") }),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(child, "close") as Promise<[number | null]>;
    const [stdout, [code]] = await Promise.all([text(child.stdout), ended]);
    return { code, stdout };
  }

  /** What somebody reads who has nothing but the token. */
  async function read(): Promise<unknown> {
    const response = await fetch(`${url}${STREAM}?offset=-1`, { headers: { authorization: `Bearer ${token}` } });
    return response.ok ? response.json() : response.status;
  }

  async function objectsInBucket(): Promise<number> {
    const { plane } = operator;
    const path = `${plane.url}/accounts/${plane.accountId}/r2/buckets/shop-segments/objects`;
    const response = await fetch(path, { headers: { authorization: `Bearer ${plane.token}` } });
    return ((await response.json()) as { result: unknown[] }).result.length;
  }

  it("init --yes asks nothing, names the Worker after the folder and says how to go on", async () => {
    const { stdout, stderr } = await ds("init", "--yes");
    expect(stdout).toBe("");
    expect(await operator.readProject()).toContain('"name": "shop"');
    expect(stderr).toMatch(/Next: npx durable-streams deploy\n$/);
    // NODE_ENV is `test` here: nothing is transpiled all the same.
    expect(stderr).not.toContain("typescript");
    await operator.edit('"vars": {}', `"url": "${url}",\n  "vars": {}`);
  });

  it("deploy --yes makes all of it; its stdout is empty", async () => {
    const { stdout, stderr } = await ds("deploy", "--yes");
    expect(stdout).toBe("");
    expect(stderr).toContain(`Durable Streams at ${url}`);
    expect(uploadsSince(0)).toBe(1);
    expect(operator.binding("OPERATOR_SECRET")).toMatch(/^dsop_/);
  });

  it("the bytes that were uploaded are the bytes that the package ships", async () => {
    const unpacked = spawn("tar", ["-xzOf", operator.tarball, "package/dist/worker/server.js"]);
    const shipped = await buffer(unpacked.stdout);
    expect(shipped.byteLength).toBeGreaterThan(100_000);
    expect(operator.version.modules.map(({ content }) => content.equals(shipped))).toEqual([true]);
  });

  it("create-project prints the project, and mint-token a token that opens nothing but reading", async () => {
    expect((await ds("create-project", "my-app")).stdout).toBe("my-app\n");
    const { stdout } = await ds("mint-token", "--project", "my-app", "--scope", "read", "--ttl", "10m");
    expect(/^[\w-]+\.[\w-]+\.[\w-]+\n$/.test(stdout)).toBe(true);
    token = stdout.trim();
    expect(await read()).toBe(404);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    expect((await fetch(`${url}${STREAM}`, { method: "PUT", headers })).status).toBe(403);
    expect((await fetch(`${url}${STREAM}?offset=-1`)).status).toBe(401);
  });

  it("append takes what comes out of a pipe, and tail prints the end of it and no more", async () => {
    await ds("create", "events", "--project", "my-app", "--content-type", "application/json");
    expect(await pipe(FIRST)).toMatchObject({ code: 0 });
    const { stdout } = await ds("tail", "events", "--project", "my-app", "-n", "2", "--exit-at-tail");
    expect(stdout).toBe('{"n":2}\n{"n":3}\n');
    expect(await read()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it("inspect tells how the stream is kept", async () => {
    const map = await dsJson<{ hot: { messages: number }; segments: { list: unknown[] } }>(
      ...["inspect", "events", "--project", "my-app"],
    );
    expect(map).toMatchObject({ hot: { messages: 3 }, segments: { list: [] } });
  });

  it("deploy again has nothing to do, and uploads nothing", async () => {
    const mark = operator.plane.requests.length;
    const result = await dsJson<DeployJson>("deploy");
    expect(changesOf(result)).toEqual([]);
    expect(operator.changesSince(mark)).toEqual([]);
  });

  it("a changed variable is all that the next deploy changes, and the streams stay", async () => {
    await operator.edit('"vars": {}', '"vars": { "SEGMENT_MAX_MESSAGES": "5" }');
    const before = operator.version;
    const mark = operator.plane.requests.length;
    const result = await dsJson<DeployJson>("deploy", "--yes");
    expect(changesOf(result)).toEqual(["create variable SEGMENT_MAX_MESSAGES"]);
    expect(uploadsSince(mark)).toBe(1);
    const others = operator.changesSince(mark).filter((request) => /r2\/buckets|kv\/namespaces|secrets/.test(request));
    expect(others).toEqual([]);
    expect(operator.version.etag).toBe(before.etag);
    expect(operator.version.bindings.filter(({ name }) => name !== "SEGMENT_MAX_MESSAGES")).toEqual(before.bindings);
    expect(operator.binding("SEGMENT_MAX_MESSAGES")).toBe("5");
    expect(await read()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it("the new variable is obeyed: history goes into the bucket, and is read from there", async () => {
    expect(await pipe(['{"n":4}', '{"n":5}', '{"n":6}'])).toMatchObject({ code: 0 });
    await expect.poll(objectsInBucket, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await read()).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ n })));
  });

  it("status finds everything in order, and doctor nothing that has failed", async () => {
    expect((await ds("status")).stdout).toContain("Everything is in order.");
    const diagnosis = await dsJson<{ well: boolean; checks: { name: string; state: string }[] }>("doctor");
    expect(diagnosis.checks.filter(({ state }) => state === "failed")).toEqual([]);
    expect(diagnosis.well).toBe(true);
  });

  it("rollback brings the version before back, and status then finds the variable missing", async () => {
    const number = operator.version.number - 1;
    const result = await dsJson<{ changed: boolean; versionNumber: number }>("rollback", String(number), "--yes");
    expect(result).toMatchObject({ changed: true, versionNumber: number });
    expect(operator.binding("SEGMENT_MAX_MESSAGES")).toBeUndefined();
    const { code, stdout } = await operator.run(["status", "--json"]);
    expect({ code, ...(JSON.parse(stdout) as Findings) }).toMatchObject({
      code: 8,
      findings: [{ code: "DRIFT", kind: "variable", name: "SEGMENT_MAX_MESSAGES" }],
    });
    expect(await read()).toHaveLength(6);
  });

  it("destroy leaves nothing, neither there nor here", async () => {
    const { stdout, stderr } = await ds("destroy", "--yes", "--name", "shop");
    expect(stdout).toBe("");
    expect(stderr).toMatch(/removed, with \d+ objects?/);
    const { scripts, buckets, namespaces, domains } = operator.plane.state;
    expect([scripts.size, buckets.size, namespaces.size, domains.size]).toEqual([0, 0, 0, 0]);
    expect((await fetch(`${url}/v1/health`)).status).toBe(404);
    const config = operator.env["DURABLE_STREAMS_CONFIG_DIR"] ?? "";
    expect(JSON.parse(await readFile(join(config, "contexts.json"), "utf8"))).toMatchObject({ contexts: {} });
    expect(JSON.parse(await readFile(join(config, "credentials.json"), "utf8"))).toMatchObject({ servers: {} });
    expect(await operator.readProject()).not.toContain("kvNamespaceId");
  });

  it("no command has printed the operator secret or the project's", () => {
    expect(/\bds(?:op|sk)_\w{20}/.test(operator.printed)).toBe(false);
  });
});
