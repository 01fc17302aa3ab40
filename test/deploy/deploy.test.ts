// The whole way of an operator, with the built command line, wrangler, and a Worker that really runs.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changesOf, Operator, sha256, shippedWorker } from "./support/operator.ts";

describe("deploy, from nothing", () => {
  let operator: Operator;
  let firstSecret: string | undefined;
  beforeAll(async () => {
    operator = await Operator.start("shop");
  });
  afterAll(() => operator.stop());

  it("--dry-run shows the plan and changes nothing, neither there nor here", async () => {
    const before = await operator.readProject();
    const { code, result, stderr } = await operator.deploy(["--dry-run"]);
    expect(code).toBe(0);
    expect(changesOf(result)).toContain("create r2-bucket shop-segments");
    expect(changesOf(result)).toContain("create secret OPERATOR_SECRET");
    expect(result.deployed).toBeUndefined();
    expect(stderr).toContain("+ R2 bucket");
    expect(operator.changesSince(0)).toEqual([]);
    expect(await operator.readProject()).toBe(before);
  });

  it("without a terminal and without --yes nothing is changed, and the flag is named", async () => {
    const { code, result } = await operator.deploy([]);
    expect(code).toBe(2);
    expect(result.error?.hint).toContain("--yes");
    expect(operator.changesSince(0)).toEqual([]);
  });

  it("--yes makes all of it, tries the server and saves a context", async () => {
    const { code, result, stderr } = await operator.deploy();
    expect({ code, error: result.error, log: code === 0 ? "" : operator.plane.runtimeLog() + stderr }).toEqual({
      code: 0,
      error: undefined,
      log: "",
    });
    expect(result.deployed?.checks).toEqual([
      "health",
      "version",
      "operator",
      "project",
      "create",
      "refusal without a token",
      "append",
      "read",
      "SSE",
      "delete",
    ]);
    expect(result.deployed).toMatchObject({ context: "shop", versionId: operator.script.versions[0]?.id });
    expect([...operator.plane.state.buckets.keys()]).toEqual(["shop-segments"]);
    expect([...operator.plane.state.namespaces.values()].map(({ title }) => title)).toEqual(["shop-registry"]);
  });

  it("what was uploaded is what the package ships, byte for byte and nothing else", async () => {
    const [main, ...others] = operator.version.modules;
    expect(others).toEqual([]);
    expect(sha256(main?.content ?? Buffer.alloc(0))).toBe(sha256(await shippedWorker()));
  });

  it("the ids are written down where the next run and plain wrangler find them", async () => {
    const [namespace] = operator.plane.state.namespaces.values();
    const project = await operator.readProject();
    expect(project).toContain(`"kvNamespaceId": "${namespace?.id ?? ""}"`);
    expect(project).toContain(`"accountId": "${operator.plane.accountId}"`);
    expect(await readFile(join(operator.folder, "wrangler.jsonc"), "utf8")).toContain(`"id": "${namespace?.id ?? ""}"`);
  });

  it("the operator secret is saved for this server only, for the user only, and was never printed", async () => {
    firstSecret = operator.binding("OPERATOR_SECRET");
    const file = join(operator.env["DURABLE_STREAMS_CONFIG_DIR"] ?? "", "credentials.json");
    const saved = JSON.parse(await readFile(file, "utf8")) as { servers: Record<string, { operatorSecret: string }> };
    expect(Object.values(saved.servers)).toMatchObject([{ operatorSecret: firstSecret }]);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(firstSecret).toMatch(/^dsop_/);
    expect(operator.printed).not.toContain(firstSecret);
    expect(operator.printed).not.toContain(operator.plane.token);
    expect(operator.plane.runtimeLog()).not.toContain(firstSecret);
  });

  it("run again, it changes nothing and starts no wrangler", async () => {
    const mark = operator.plane.requests.length;
    const project = await operator.readProject();
    const { code, result, stderr } = await operator.deploy([]);
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(changesOf(result)).toEqual([]);
    expect(stderr).toContain("Nothing to do");
    expect(operator.changesSince(mark)).toEqual([]);
    expect(operator.plane.requests.slice(mark).some(({ userAgent }) => userAgent.startsWith("wrangler"))).toBe(false);
    expect(await operator.readProject()).toBe(project);
  });

  it("a changed variable is the only change", async () => {
    const before = operator.version;
    await operator.edit('"vars": {}', '"vars": { "SEGMENT_MAX_MESSAGES": "7" }');
    const { code, result } = await operator.deploy();
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(changesOf(result)).toEqual(["create variable SEGMENT_MAX_MESSAGES"]);
    expect(operator.binding("SEGMENT_MAX_MESSAGES")).toBe("7");
    expect(operator.version.etag).toBe(before.etag);
    expect(operator.binding("OPERATOR_SECRET")).toBe(firstSecret);
    expect(operator.version.bindings.filter(({ name }) => name !== "SEGMENT_MAX_MESSAGES")).toEqual(before.bindings);
  });

  it("an operator secret that is held elsewhere is kept, and streams are not tried", async () => {
    const elsewhere = { DURABLE_STREAMS_CONFIG_DIR: join(operator.folder, ".elsewhere") };
    const { code, result, stderr } = await operator.deploy(["--yes"], elsewhere);
    expect(code).toBe(0);
    expect(result.deployed?.checks).toEqual(["health", "version"]);
    expect(stderr).toContain("--rotate-operator-secret");
    expect(operator.binding("OPERATOR_SECRET")).toBe(firstSecret);
  });

  it("--rotate-operator-secret puts a new one and saves it", async () => {
    const { code, result } = await operator.deploy(["--yes", "--rotate-operator-secret"]);
    expect({ code, error: result.error }).toEqual({ code: 0, error: undefined });
    expect(changesOf(result)).toEqual(["change secret OPERATOR_SECRET"]);
    expect(operator.binding("OPERATOR_SECRET")).not.toBe(firstSecret);
    expect(result.deployed?.checks).toContain("SSE");
    expect((await operator.deploy([])).result.plan.changes).toBe(0);
  });
});
