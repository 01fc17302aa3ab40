import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseProjectFile, readProjectFile, withPins } from "../../src/cli/deploy/project-file.ts";
import { isWorkerName } from "../../src/cli/deploy/project-settings.ts";
import { pinsOf, targetOf } from "../../src/cli/deploy/target.ts";

describe("durable-streams.jsonc", () => {
  it("may have comments and commas at the end", () => {
    expect(parseProjectFile('{ // here\n "name": "shop", }')).toEqual({ name: "shop" });
  });

  it.for([
    ['{ "name": "shop",, }', "line 1"],
    ['{\n "name": "shop"\n "vars": {} }', "line 3"],
    ["[]", "no object"],
    ["{}", "name is missing"],
    ['{ "name": "Shop" }', 'name "Shop"'],
    ['{ "name": "shop", "vras": {} }', "no setting vras"],
    ['{ "name": "shop", "vars": { "A": 1 } }', "vars.A must be a text"],
    ['{ "name": "shop", "vars": { "R2": "x" } }', "vars.R2 has the name of a binding"],
    ['{ "name": "shop", "vars": { "OPERATOR_SECRET": "x" } }', "is a secret"],
    ['{ "name": "shop", "vars": { "SEGMENT_MAX_BYTES": "many" } }', "SEGMENT_MAX_BYTES"],
    ['{ "name": "shop", "customDomain": "https://a.example" }', "customDomain"],
    ['{ "name": "shop", "resources": { "kvNamespaceId": "1" } }', "resources.kvNamespaceId"],
    ['{ "name": "shop", "environments": { "a": { "bukket": "b" } } }', "environments.a.bukket"],
    ['{ "name": "shop", "environments": { "A!": {} } }', '"A!"'],
  ])("refuses %s and says where", ([text = "", said]) => {
    expect(() => parseProjectFile(text)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(said ?? "") as unknown }),
    );
  });

  it("that is a pipe, or larger than any of ours, is refused at once", async () => {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-project-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "durable-streams.jsonc");
    await writeFile(file, `{ "name": "shop" }${" ".repeat(1024 * 1024)}`);
    await expect(readProjectFile(folder)).rejects.toThrow(/too much to be ours/);
    await rm(file);
    execFileSync("mkfifo", [file]);
    await expect(readProjectFile(folder)).rejects.toThrow(expect.objectContaining({ exitCode: 2 }) as Error);
  });

  it("never repeats the value of a variable", () => {
    expect(() => parseProjectFile('{ "name": "shop", "vars": { "OPERATOR_SECRET": "hunter2" } }')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") as unknown }),
    );
  });
});

describe("names of Workers", () => {
  it.for(["a", "shop-2", "a".repeat(54)])("%s may be one", (name) => {
    expect(isWorkerName(name)).toBe(true);
  });

  it.for(["", "Shop", "-shop", "shop-", "a_b", "a.b", "a".repeat(55), "é"])("%s may be none", (name) => {
    expect(isWorkerName(name)).toBe(false);
  });
});

describe("environments", () => {
  const settings = parseProjectFile(
    JSON.stringify({
      name: "shop",
      accountId: "a".repeat(32),
      vars: { A: "1", B: "1" },
      customDomain: "shop.example.com",
      url: "https://shop.example.com",
      resources: { bucket: "old-bucket", kvNamespaceId: "b".repeat(32) },
      environments: { staging: { vars: { B: "2" } }, named: { name: "other" } },
    }),
  );

  it("take over settings, and nothing that can belong to one deployment only", () => {
    expect(targetOf(settings, "staging")).toEqual({
      environment: "staging",
      name: "shop-staging",
      accountId: "a".repeat(32),
      vars: { A: "1", B: "2" },
      bucket: "shop-staging-segments",
      kvNamespace: "shop-staging-registry",
    });
    expect(targetOf(settings, "named").name).toBe("other");
    expect(targetOf(settings)).toMatchObject({ bucket: "old-bucket", customDomain: "shop.example.com" });
  });

  it.for([
    ["name", { name: "shop" }],
    ["bucket", { resources: { bucket: "shop-segments" } }],
    ["title", { resources: { kvNamespace: "shop-registry" } }],
    ["id", { resources: { kvNamespaceId: "b".repeat(32) } }],
  ] as const)("with the %s of another deployment of the file are refused, from either side", ([, staging]) => {
    const shared = { name: "shop", resources: { kvNamespaceId: "b".repeat(32) }, environments: { staging } };
    for (const environment of [undefined, "staging"]) {
      expect(() => targetOf(shared, environment)).toThrow(
        expect.objectContaining({ exitCode: 2, message: expect.stringContaining("environments.staging") as unknown }),
      );
    }
  });

  it("in another account may have the same names", () => {
    const staging = { accountId: "b".repeat(32), name: "shop" };
    const apart = { name: "shop", accountId: "a".repeat(32), environments: { staging } };
    expect(targetOf(apart, "staging").bucket).toBe("shop-segments");
  });

  it("that are not there are named with those that are", () => {
    expect(() => targetOf(settings, "prod")).toThrow(
      expect.objectContaining({ exitCode: 2, hint: "There are: staging, named." }),
    );
    expect(() => targetOf(settings, "__proto__")).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe("pins", () => {
  const text = '{\n  // Ours.\n  "name": "shop",\n  "environments": { "staging": {} },\n  // The end.\n}\n';

  it("are written where the deployment reads them, and comments stay", () => {
    const target = targetOf(parseProjectFile(text), "staging");
    const pinned = withPins(text, pinsOf(target, "a".repeat(32), "b".repeat(32)));
    expect(pinned).toContain("// Ours.");
    expect(pinned).toContain("// The end.");
    expect(targetOf(parseProjectFile(pinned), "staging")).toEqual({
      ...target,
      accountId: "a".repeat(32),
      kvNamespaceId: "b".repeat(32),
    });
  });

  it("written again change nothing", () => {
    const once = withPins(text, pinsOf(targetOf(parseProjectFile(text)), "a".repeat(32), "b".repeat(32)));
    const again = withPins(once, pinsOf(targetOf(parseProjectFile(once)), "a".repeat(32), "b".repeat(32)));
    expect(again).toBe(once);
  });
});
