// What is deployed against what would be, and back to an earlier version.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newSecret } from "../../src/protocol/secret.ts";
import { BIN } from "../support/cli.ts";
import { Operator } from "./support/operator.ts";

interface StatusJson {
  readonly inOrder: boolean;
  readonly deployed?: { readonly versionId: string; readonly answersIn?: string; readonly release?: object };
  readonly findings: readonly {
    readonly code: string;
    readonly kind?: string;
    readonly name?: string;
    readonly mend: string;
  }[];
}

let operator: Operator;
beforeAll(async () => {
  operator = await Operator.start("shop");
});
afterAll(() => operator.stop());

const PACKAGE = dirname(dirname(BIN));

/** The package as a later release of it: the same in all but the version, which stands in its Worker too. */
async function release(version: string): Promise<{ bin: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), "durable-streams-release-"));
  for (const name of ["bin", "dist", "package.json", "oclif.manifest.json"]) {
    await cp(join(PACKAGE, name), join(root, name), { recursive: true });
  }
  await symlink(join(PACKAGE, "node_modules"), join(root, "node_modules"));
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  for (const name of ["package.json", "oclif.manifest.json", "dist/worker/server.js"]) {
    const text = await readFile(join(root, name), "utf8");
    await writeFile(join(root, name), text.replaceAll(`"${manifest.version}"`, `"${version}"`));
  }
  return { bin: join(root, "bin/run.js"), remove: () => rm(root, { recursive: true, force: true }) };
}

async function status(env: Record<string, string> = {}): Promise<{ code: number | null; result: StatusJson }> {
  const mark = operator.plane.requests.length;
  const { code, stdout } = await operator.run(["status", "--json"], env);
  expect(operator.changesSince(mark)).toEqual([]);
  return { code, result: JSON.parse(stdout) as StatusJson };
}

describe("status", () => {
  it("before the first deployment there is one finding, and deploy mends it", async () => {
    const { code, result } = await status();
    expect(code).toBe(8);
    expect(result.findings).toMatchObject([
      { code: "NOT_DEPLOYED", mend: expect.stringMatching(/ deploy$/) as unknown },
    ]);
  });

  it("after a deployment all is in order, and people are told what is there", async () => {
    expect(await operator.deploy()).toMatchObject({ code: 0 });
    const { code, result } = await status();
    expect({ code, findings: result.findings }).toEqual({ code: 0, findings: [] });
    expect(result.deployed).toMatchObject({ versionId: operator.version.id, release: expect.anything() as unknown });
    const shown = await operator.run(["status"]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(operator.version.id);
    expect(shown.stdout).toContain("Everything is in order.");
  });

  it("a variable of the project file that is not deployed is drift", async () => {
    await operator.edit('"vars": {}', '"vars": { "SEGMENT_MAX_MESSAGES": "7" }');
    const { code, result } = await status();
    expect(code).toBe(8);
    expect(result.findings).toMatchObject([{ code: "DRIFT", kind: "variable", name: "SEGMENT_MAX_MESSAGES" }]);
    await operator.edit('"vars": { "SEGMENT_MAX_MESSAGES": "7" }', '"vars": {}');
  });

  it("an operator secret that is held elsewhere, and one that is not the Worker's, are told with --rotate-operator-secret", async () => {
    const elsewhere = await status({ DURABLE_STREAMS_CONFIG_DIR: join(operator.folder, ".elsewhere") });
    expect(elsewhere).toMatchObject({ code: 8, result: { findings: [{ code: "OPERATOR_SECRET_UNKNOWN" }] } });
    const other = newSecret("operator");
    const refused = await status({ DURABLE_STREAMS_OPERATOR_SECRET: other });
    expect(refused).toMatchObject({
      code: 8,
      result: {
        findings: [
          { code: "OPERATOR_SECRET_REFUSED", mend: expect.stringContaining("--rotate-operator-secret") as unknown },
        ],
      },
    });
    expect(operator.printed).not.toContain(other);
  });

  it("a bucket that is gone is drift", async () => {
    const bucket = operator.plane.state.buckets.get("shop-segments");
    operator.plane.state.buckets.delete("shop-segments");
    const { code, result } = await status();
    if (bucket !== undefined) operator.plane.state.buckets.set(bucket.name, bucket);
    expect(code).toBe(8);
    expect(result.findings).toContainEqual(expect.objectContaining({ kind: "r2-bucket", name: "shop-segments" }));
  });

  it("a server that does not answer is told beside what is wrong in the account", async () => {
    const { script } = operator;
    const subdomain = { ...script.subdomain, enabled: false };
    operator.plane.state.scripts.set(script.name, { ...script, subdomain });
    const { code, result } = await status();
    operator.plane.state.scripts.set(script.name, script);
    expect({ code, codes: result.findings.map((finding) => finding.code) }).toEqual({
      code: 8,
      codes: ["DRIFT", "NOT_ANSWERING"],
    });
  });

  it("a command line of another version than the deployment finds that, and other bytes than its own", async () => {
    const next = await release("9.9.9");
    const { code, stdout } = await operator.run(["status", "--json"], {}, next.bin);
    await next.remove();
    const { findings } = JSON.parse(stdout) as StatusJson & { findings: { message: string }[] };
    const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { version: string };
    expect({ code, findings }).toMatchObject({
      code: 8,
      findings: [
        { code: "DRIFT", kind: "worker", mend: expect.stringMatching(/ deploy$/) as unknown },
        {
          code: "VERSION_SKEW",
          message: `The server answers in version ${version}, and this command line is 9.9.9.`,
          mend: expect.stringMatching(/ deploy$/) as unknown,
        },
      ],
    });
    expect(findings).toHaveLength(2);
  });

  it("an environment that the file does not have is a usage error that names those there are", async () => {
    const { code, stderr } = await operator.run(["status", "--env", "prod"]);
    expect(code).toBe(2);
    expect(stderr).toContain('"prod"');
  });
});

describe("rollback", () => {
  interface VersionsJson {
    readonly versions: readonly { readonly id: string; readonly number: number; readonly livePercentage: number }[];
  }

  async function rollback(args: readonly string[]) {
    const { code, stdout, stderr } = await operator.run(["rollback", "--json", ...args]);
    const result = JSON.parse(stdout) as Partial<VersionsJson> & { changed?: boolean; error?: { code: string } };
    return { code, result, stderr };
  }

  it("without a version it lists those there are, and which is live", async () => {
    await operator.edit('"vars": {}', '"vars": { "SEGMENT_MAX_MESSAGES": "7" }');
    expect(await operator.deploy()).toMatchObject({ code: 0 });
    const { code, result } = await rollback([]);
    expect(code).toBe(0);
    expect(result.versions?.map(({ number, livePercentage }) => [number, livePercentage])).toEqual([
      [3, 100],
      [2, 0],
      [1, 0],
    ]);
    const shown = await operator.run(["rollback"]);
    expect(shown.stdout).toMatch(/^ +3 {2}live .+ durable-streams .+\n +2 {2}.+\n +1 {2}.+\n$/);
  });

  it("is refused without agreement, for a version that there is not, and for one without the operator secret", async () => {
    const mark = operator.plane.requests.length;
    expect(await rollback(["2"])).toMatchObject({ code: 2 });
    expect(await rollback(["17", "--yes"])).toMatchObject({
      code: 3,
      result: { error: { code: "VERSION_NOT_FOUND" } },
    });
    expect(await rollback(["1", "--yes"])).toMatchObject({
      code: 5,
      result: { error: { code: "VERSION_WITHOUT_SECRET" } },
    });
    expect(operator.changesSince(mark)).toEqual([]);
  });

  it("at a terminal it is asked for, and anything but yes changes nothing", async () => {
    const mark = operator.plane.requests.length;
    for (const answer of ["", "shop"]) {
      const asked = [{ to: "Return from version 3 to version 2? [y/N]", with: answer }];
      const { code, stdout, screen } = await operator.runAtTerminal(["rollback", "2"], asked);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(screen).toContain("Nothing was changed");
    }
    expect(operator.changesSince(mark)).toEqual([]);
    expect(operator.version.number).toBe(3);
  });

  it("is refused across a Durable Object migration, with the reason", async () => {
    const { script } = operator;
    const versions = script.versions.map((each) => (each.number === 2 ? { ...each, migrationTag: "v0" } : each));
    operator.plane.state.scripts.set(script.name, { ...script, versions });
    const { code, result, stderr } = await rollback(["2", "--yes"]);
    operator.plane.state.scripts.set(script.name, script);
    expect({ code, error: result.error?.code, stderr }).toMatchObject({ code: 5, error: "MIGRATION_BETWEEN" });
    expect(JSON.stringify(result.error)).toContain("An older build also refuses streams");
  });

  it("is refused where it would bring back other secrets", async () => {
    const { script } = operator;
    const text = newSecret("operator");
    const versions = script.versions.map((each) => {
      const bindings = each.bindings.map((binding) =>
        binding.name === "OPERATOR_SECRET" ? { ...binding, text } : binding,
      );
      return each.number === 2 ? { ...each, bindings } : each;
    });
    operator.plane.state.scripts.set(script.name, { ...script, versions });
    const { code, result } = await rollback(["2", "--yes"]);
    operator.plane.state.scripts.set(script.name, script);
    expect({ code, error: result.error?.code }).toEqual({ code: 5, error: "SECRETS_CHANGED" });
    expect(operator.version.number).toBe(3);
  });

  it("returns to an earlier version, which then answers; to do so again changes nothing", async () => {
    const [, before] = operator.script.versions;
    const agreed = [{ to: "Return from version 3 to version 2? [y/N]", with: "y" }];
    const begin = before?.id.slice(0, 8) ?? "";
    const { code, stdout } = await operator.runAtTerminal(["rollback", "--json", begin], agreed);
    expect({ code, result: JSON.parse(stdout) as unknown }).toMatchObject({ code: 0, result: { changed: true } });
    expect(operator.version.id).toBe(before?.id);
    expect(operator.binding("SEGMENT_MAX_MESSAGES")).toBeUndefined();
    expect(await rollback(["2", "--yes"])).toMatchObject({ code: 0, result: { changed: false } });
  });

  it("status then finds what differs from the project file", async () => {
    const { code, result } = await status();
    expect(code).toBe(8);
    expect(result.findings).toMatchObject([{ code: "DRIFT", kind: "variable", name: "SEGMENT_MAX_MESSAGES" }]);
  });
});
