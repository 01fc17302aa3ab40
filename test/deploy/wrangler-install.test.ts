// The package as it lies where wrangler beside it is missing, or is another one.
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { NODE } from "../support/cli.ts";
import { type DeployJson, Operator } from "./support/operator.ts";

const WRANGLER = dirname(createRequire(import.meta.url).resolve("wrangler/package.json"));

let operator: Operator;
let root: string;
let beside: string;

beforeAll(async () => {
  operator = await Operator.start("shop");
  root = await mkdtemp(join(tmpdir(), "durable-streams-installed-"));
  for (const name of ["bin", "dist", "package.json", "oclif.manifest.json"]) {
    await cp(join(ROOT, name), join(root, name), { recursive: true });
  }
  beside = join(root, "node_modules", "wrangler");
  await mkdir(dirname(beside));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
  await operator.stop();
});

async function deploy(args: readonly string[]): Promise<DeployJson & { exitCode: number }> {
  const child = spawn(NODE, [join(root, "bin/run.js"), "deploy", "--json", ...args], {
    cwd: operator.folder,
    env: { ...process.env, ...operator.env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [printed, [exitCode]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number]>]);
  return { ...(JSON.parse(printed) as DeployJson), exitCode };
}

describe("deploy, with wrangler", () => {
  it("missing: it says so before anything is made, and how to get it", async () => {
    const { exitCode, error } = await deploy(["--yes"]);
    expect({ exitCode, ...error }).toMatchObject({ exitCode: 1, code: "WRANGLER_MISSING" });
    expect(error?.hint).toContain("npm install");
    expect(operator.plane.requests).toEqual([]);
  });

  it("of another major version: both versions are named, and what to install", async () => {
    await mkdir(beside);
    const manifest = {
      name: "wrangler",
      version: "3.100.0",
      main: "main.js",
      exports: { ".": "./main.js", "./package.json": "./package.json" },
    };
    await writeFile(join(beside, "package.json"), JSON.stringify(manifest));
    await writeFile(join(beside, "main.js"), "");
    const { exitCode, error } = await deploy(["--yes"]);
    expect({ exitCode, ...error }).toMatchObject({ exitCode: 1, code: "WRANGLER_VERSION" });
    expect(error?.message).toMatch(/wrangler 3\.100\.0\b.*wrangler 4\./);
    expect(error?.hint).toMatch(/npm install wrangler@4\./);
    expect(operator.plane.requests).toEqual([]);
  });

  it("as it should be: the same run goes through", async () => {
    await rm(beside, { recursive: true });
    await symlink(WRANGLER, beside);
    expect(await deploy(["--dry-run"])).toMatchObject({
      exitCode: 0,
      plan: { changes: expect.any(Number) as unknown },
    });
  });
});
