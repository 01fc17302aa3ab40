// The package as it lies where wrangler beside it is missing, or is another one.
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/lib/process.mjs";
import { environment, NODE } from "../support/cli.ts";
import { type DeployJson, Operator, shippedWorker } from "./support/operator.ts";

const WRANGLER = dirname(createRequire(import.meta.url).resolve("wrangler/package.json"));

/** Stands where wrangler should: it lets the real one try the configuration without uploading, and fails. */
const DRY_RUN = `const { spawnSync } = require("node:child_process");
const { writeFileSync } = require("node:fs");
const config = process.argv[process.argv.indexOf("--config") + 1];
const wrangler = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [${JSON.stringify(createRequire(import.meta.url).resolve("wrangler"))}, ...args, "--config", config]);
  return { code: status, output: stdout.toString() + stderr };
};
const dryRun = wrangler("deploy", "--dry-run", "--outdir", __dirname + "/out");
const types = wrangler("types", "--include-runtime=false", __dirname + "/types.d.ts");
writeFileSync(__dirname + "/seen.json", JSON.stringify({ dryRun, types }));
process.exitCode = 1;
`;

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

interface Seen {
  readonly dryRun: Outcome;
  readonly types: Outcome;
}

let operator: Operator;
let root: string;
let beside: string;

beforeAll(async () => {
  operator = await Operator.start("shop", { zones: ["example.com"] });
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
    env: environment(operator.env),
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

  it("of the right version: the configuration that it is given passes its own dry run, and its types", async () => {
    await rm(beside, { recursive: true });
    await mkdir(beside);
    const { version } = JSON.parse(await readFile(join(WRANGLER, "package.json"), "utf8")) as { version: string };
    const manifest = { name: "wrangler", version, main: "main.js", exports: { ".": "./main.js", "./*": "./*" } };
    await writeFile(join(beside, "package.json"), JSON.stringify(manifest));
    await writeFile(join(beside, "main.js"), DRY_RUN);
    await operator.edit('"vars": {}', '"vars": { "SEGMENT_MAX_MESSAGES": "7" },\n  "analytics": "operations"');
    await operator.edit('"vars"', '"customDomain": "streams.example.com",\n  "vars"');
    // It ends with a failure, so that nothing goes up.
    const { error } = await deploy(["--yes"]);
    expect(error?.message).toContain("Uploading the Worker shop");
    const seen = JSON.parse(await readFile(join(beside, "seen.json"), "utf8")) as Seen;
    expect(seen.dryRun).toMatchObject({ code: 0, output: expect.not.stringMatching(/warning/i) as unknown });
    expect(seen.types).toMatchObject({ code: 0, output: expect.not.stringMatching(/warning/i) as unknown });
    expect(await readFile(join(beside, "out/server.js"))).toEqual(await shippedWorker());
    const declared = await readFile(join(beside, "types.d.ts"), "utf8");
    const names = [
      "STREAMS",
      "PROJECTS",
      "DIRECTORY",
      "SUBSCRIPTIONS",
      "R2",
      "REGISTRY",
      "METRICS",
      "SEGMENT_MAX_MESSAGES",
    ];
    expect(names.filter((name) => !declared.includes(`\t${name}: `))).toEqual([]);
    expect(operator.plane.state.scripts.size).toBe(0);
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
