// What doctor finds of a deployment, whole and with one thing after the other out of order.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { newSecret } from "../../src/protocol/secret.ts";
import type { Script, Version } from "../control-plane/state.ts";
import { environment, NODE } from "../support/cli.ts";
import { shiftedClock } from "../support/shifted-clock.ts";
import { check, type Diagnosis, diagnosisOf, named } from "./support/diagnosis.ts";
import { Operator } from "./support/operator.ts";

let operator: Operator;
beforeAll(async () => {
  operator = await Operator.start("shop");
});
afterAll(() => operator.stop());

/** Doctor changes nothing in the account, whatever it finds and mends. */
async function doctor(env: Record<string, string> = {}, args: readonly string[] = []): Promise<Diagnosis> {
  const mark = operator.plane.requests.length;
  const result = await operator.run(["doctor", "--json", ...args], env);
  expect(operator.changesSince(mark)).toEqual([]);
  return diagnosisOf(result);
}

describe("before the first deployment", () => {
  it("what nothing is there for is skipped, with what makes it, and all is well", async () => {
    const found = await doctor();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 0, failed: [] });
    for (const name of ["worker", "bucket", "namespace"]) {
      expect(check(found, name)).toMatchObject({
        state: "skipped",
        mend: expect.stringMatching(/ deploy$/) as unknown,
      });
    }
    expect(check(found, "login")).toMatchObject({ state: "ok" });
  });

  it("who is not logged in has that skipped, with the ways to log in", async () => {
    const found = await doctor({ CLOUDFLARE_API_TOKEN: "" });
    expect(found.code).toBe(0);
    expect(check(found, "login")).toMatchObject({
      state: "skipped",
      mend: expect.stringContaining("wrangler login") as unknown,
    });
    expect(check(found, "worker").state).toBe("skipped");
  });
});

describe("of a whole deployment", () => {
  beforeAll(async () => {
    expect(await operator.deploy()).toMatchObject({ code: 0 });
    expect(await operator.run(["create-project", "shop", "--cors-origin", "https://app.example"])).toMatchObject({
      code: 0,
    });
  });

  it("nothing has failed, and only caching at workers.dev is warned of", async () => {
    const found = await doctor();
    expect({ code: found.code, well: found.well, failed: named(found, "failed") }).toEqual({
      code: 0,
      well: true,
      failed: [],
    });
    expect(named(found, "warning")).toEqual(["address"]);
    expect(check(found, "address").mend).toContain('"customDomain"');
  });

  it("people get a line for each check, what mends it below, and how many came to what", async () => {
    const { code, stdout, stderr } = await operator.run(["doctor"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {6}node {13}Node \d+\..*\nok {6}wrangler .*\n/);
    expect(stdout).toMatch(/^warning address .*caches nothing.*\n {25}-> Add "customDomain": .*$/m);
    expect(stderr).toBe("18 ok, 1 warning, 0 failed, 1 skipped.\n");
  });
});

/** Looks while the Worker in the account is another one. */
async function whileScriptIs(change: (script: Script) => Script, look: () => Promise<void>): Promise<void> {
  const { script } = operator;
  const { scripts } = operator.plane.state;
  scripts.set(script.name, change(script));
  try {
    await look();
  } finally {
    scripts.set(script.name, script);
  }
}

function withVersions(change: (version: Version) => Version): (script: Script) => Script {
  return (script) => ({ ...script, versions: script.versions.map(change) });
}

const byDeploy = expect.stringMatching(/ deploy$/) as unknown;

describe("with something out of order", () => {
  it("a bucket that is gone fails that check alone, and deploy mends it", async () => {
    const { buckets } = operator.plane.state;
    const bucket = buckets.get("shop-segments");
    buckets.delete("shop-segments");
    const found = await doctor();
    if (bucket !== undefined) buckets.set(bucket.name, bucket);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["bucket"] });
    expect(check(found, "bucket")).toMatchObject({
      detail: expect.stringContaining("shop-segments") as unknown,
      mend: byDeploy,
    });
  });

  it("a namespace that is gone is told, with the binding that leads to it", async () => {
    const { namespaces } = operator.plane.state;
    const kept = [...namespaces];
    namespaces.clear();
    const found = await doctor();
    for (const [id, namespace] of kept) namespaces.set(id, namespace);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({
      code: 8,
      failed: ["bindings", "namespace"],
    });
  });

  it("a binding that is missing, a variable of another's, and a migration that is not known are named", async () => {
    const change = withVersions((version) => ({
      ...version,
      migrationTag: "v7",
      bindings: [
        ...version.bindings.filter(({ name }) => name !== "R2"),
        { name: "EXTRA", type: "plain_text", text: "1" },
      ],
    }));
    await whileScriptIs(change, async () => {
      const found = await doctor();
      expect(named(found, "failed")).toEqual(["bindings", "migrations"]);
      const { detail, mend } = check(found, "bindings");
      expect(detail).toBe(
        "The binding R2 (R2 bucket shop-segments) is missing. The variable EXTRA is not in durable-streams.jsonc.",
      );
      expect(mend).toEqual(byDeploy);
      expect(check(found, "migrations").detail).toContain('"v7"');
    });
  });

  it("an operator secret that the Worker lacks, that is held elsewhere, or that is another one", async () => {
    const change = withVersions((version) => ({
      ...version,
      bindings: version.bindings.filter(({ name }) => name !== "OPERATOR_SECRET"),
    }));
    await whileScriptIs(change, async () => {
      const found = await doctor();
      expect(named(found, "failed")).toEqual(["operator-secret"]);
      expect(check(found, "operator-secret").mend).toEqual(byDeploy);
    });
    const other = newSecret("operator");
    const [elsewhere, refused] = await Promise.all([
      doctor({ DURABLE_STREAMS_CONFIG_DIR: join(operator.folder, ".elsewhere") }),
      doctor({ DURABLE_STREAMS_OPERATOR_SECRET: other }),
    ]);
    expect({ code: elsewhere.code, failed: named(elsewhere, "failed") }).toEqual({
      code: 8,
      failed: ["operator-secret"],
    });
    expect(check(elsewhere, "cors").state).toBe("skipped");
    expect(named(refused, "failed")).toEqual(["operator-secret"]);
    expect(check(refused, "operator-secret").mend).toContain("--rotate-operator-secret");
    expect(operator.printed).not.toContain(other);
  });

  it("a token that Cloudflare does not know fails the login, and what depends on it is skipped", async () => {
    const token = newSecret("project");
    const found = await doctor({ CLOUDFLARE_API_TOKEN: token });
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["login"] });
    expect(check(found, "login").mend).toContain("wrangler login");
    for (const name of ["permissions", "worker", "bindings", "bucket", "namespace", "address"]) {
      expect(check(found, name)).toMatchObject({ state: "skipped", detail: expect.stringMatching(/\S/) as unknown });
    }
    expect(check(found, "server").state).toBe("ok");
    expect(JSON.stringify(found)).not.toContain(token);
  });

  it("a permission that the token lacks is named once", async () => {
    const token = operator.plane.addToken(["Account Settings Read", "Workers Scripts", "Workers KV Storage"]);
    const found = await doctor({ CLOUDFLARE_API_TOKEN: token });
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["permissions"] });
    expect(check(found, "permissions").mend).toContain("Workers R2 Storage: Edit");
    expect(check(found, "bucket").state).toBe("skipped");
  });

  it("an API that answers nothing but errors fails checks, and ends none of the others", async () => {
    const on = "GET /accounts/:account/r2/buckets/:bucket";
    const planted = operator.plane.faults.add({ on, times: "always", what: { kind: "answer", status: 503 } });
    const found = await doctor();
    planted.remove();
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["bucket"] });
    expect(check(found, "bucket").detail).toContain("503");
    expect(check(found, "permissions").state).toBe("skipped");
  });

  it("a server that does not answer is told with logs, and the context that leads to it with its name", async () => {
    const change = (script: Script): Script => ({ ...script, subdomain: { ...script.subdomain, enabled: false } });
    await whileScriptIs(change, async () => {
      const found = await doctor();
      expect(named(found, "failed")).toEqual(["address", "server"]);
      expect(check(found, "server").mend).toMatch(/ logs$/);
      expect(named(found, "skipped")).toEqual(["version", "clock", "operator-secret", "cors"]);
    });
  });

  it("a Worker that is gone is told, because its resources are pinned", async () => {
    const { script } = operator;
    operator.plane.state.scripts.delete(script.name);
    const found = await doctor();
    operator.plane.state.scripts.set(script.name, script);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["worker"] });
    expect(check(found, "worker").mend).toEqual(byDeploy);
  });

  it("a project file that is no JSON fails that check, and a missing environment names those there are", async () => {
    const file = join(operator.folder, "durable-streams.jsonc");
    const before = await operator.readProject();
    await writeFile(file, "{ oops");
    const found = await doctor();
    await writeFile(file, before);
    expect({ code: found.code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["project-file"] });
    const missing = await doctor({}, ["--env", "prod"]);
    expect({ code: missing.code, failed: named(missing, "failed") }).toEqual({ code: 8, failed: ["project-file"] });
    expect(check(missing, "project-file").detail).toContain('"prod"');
  });

  it("an id that is not pinned is written into the project file by --fix, and by nothing else", async () => {
    const before = await operator.readProject();
    const id = [...operator.plane.state.namespaces.keys()][0] ?? "";
    await operator.edit(`"kvNamespaceId": "${id}"`, "");
    const unpinned = await operator.readProject();
    const found = await doctor();
    expect({ code: found.code, ...check(found, "namespace") }).toMatchObject({
      code: 0,
      state: "warning",
      fixable: true,
      mend: expect.stringContaining("doctor --fix") as unknown,
    });
    expect(await operator.readProject()).toBe(unpinned);
    const mended = await doctor({}, ["--fix", "--no-input"]);
    expect(check(mended, "namespace")).toMatchObject({
      state: "ok",
      fixed: true,
      detail: expect.stringContaining(id) as unknown,
    });
    expect(check(await doctor(), "namespace")).toMatchObject({ state: "ok", fixable: false });
    await writeFile(join(operator.folder, "durable-streams.jsonc"), before);
  });
});

describe("on a machine whose clock is wrong", () => {
  it("by a little, that is a warning", async () => {
    const clock = await shiftedClock(20_000);
    const found = await doctor(clock.env);
    await clock.remove();
    expect({ code: found.code, warnings: named(found, "warning") }).toEqual({
      code: 0,
      warnings: ["cloudflare-clock", "address"],
    });
    expect(check(found, "cloudflare-clock").detail).toContain("ahead of");
  });

  it("by more than a minute, that has failed, and that the operator's token is refused is put down to it", async () => {
    const clock = await shiftedClock(-90_000);
    const found = await doctor(clock.env);
    await clock.remove();
    expect(found.code).toBe(8);
    expect(check(found, "cloudflare-clock")).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("behind") as unknown,
      mend: expect.stringMatching(/\S/) as unknown,
    });
    expect(check(found, "operator-secret")).toMatchObject({
      state: "failed",
      mend: expect.stringContaining("clock") as unknown,
    });
  });
});

describe("as it is installed", () => {
  it("without wrangler, and in another version than the server, it says so and looks at the rest", async () => {
    const root = await mkdtemp(join(tmpdir(), "durable-streams-installed-"));
    for (const name of ["bin", "dist", "package.json", "oclif.manifest.json"]) {
      await cp(join(ROOT, name), join(root, name), { recursive: true });
    }
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as object;
    await writeFile(join(root, "package.json"), JSON.stringify({ ...manifest, version: "9.9.9" }));
    const child = spawn(NODE, [join(root, "bin/run.js"), "doctor", "--json"], {
      cwd: operator.folder,
      env: environment(operator.env),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number]>]);
    await rm(root, { recursive: true });
    const found = diagnosisOf({ code, stdout, signal: null, stderr: "" });
    expect({ code, failed: named(found, "failed") }).toEqual({ code: 8, failed: ["wrangler", "version"] });
    expect(check(found, "wrangler").mend).toContain("npm install");
    expect(check(found, "version").detail).toContain("9.9.9");
  });
});
