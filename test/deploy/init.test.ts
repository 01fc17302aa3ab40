import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT, run } from "../../scripts/lib/process.mjs";
import { runCli } from "../support/cli.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-streams-init-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const FILES = [
  ".github/workflows/deploy.yml",
  ".gitignore",
  "durable-streams.jsonc",
  "package.json",
  "src/worker.ts",
  "tsconfig.json",
  "wrangler.jsonc",
];

async function filesIn(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(join(folder, name).length + 1).replaceAll("\\", "/")).sort();
}

describe("init", () => {
  it("--yes asks nothing and takes the folder's name", async () => {
    const { code, stdout } = await runCli(["init", "My Shop", "--yes", "--json"], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: "my-shop" });
    expect(await filesIn("My Shop")).toEqual(FILES);
    expect(await readFile(join(folder, "My Shop/durable-streams.jsonc"), "utf8")).toContain('"name": "my-shop"');
    expect(await readFile(join(folder, "My Shop/wrangler.jsonc"), "utf8")).toContain('"name": "my-shop"');
  });

  it("run again changes nothing and says what is there", async () => {
    await runCli(["init", "again", "--name", "shop"], { cwd: folder });
    await writeFile(join(folder, "again/src/worker.ts"), "// mine\n");
    const { code, stdout, stderr } = await runCli(["init", "again", "--json"], { cwd: folder });
    expect(code).toBe(0);
    const { name, files } = JSON.parse(stdout) as { name: string; files: { path: string; state: string }[] };
    expect(name).toBe("shop");
    expect(files.map(({ path }) => path).sort()).toEqual(FILES);
    expect(files.every(({ state }) => state === "kept")).toBe(true);
    expect(stderr).toContain("is there already");
    expect(await readFile(join(folder, "again/src/worker.ts"), "utf8")).toBe("// mine\n");
  });

  it("a .gitignore of the folder's own stays, and what it lacks is said", async () => {
    await mkdir(join(folder, "ignoring"));
    await writeFile(join(folder, "ignoring/.gitignore"), "node_modules/\n");
    const { code, stderr } = await runCli(["init", "ignoring", "--name", "shop"], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/Warning: The \.gitignore that is there[^]*\.durable-streams\/\n[^]*\.env\*/);
    expect(await readFile(join(folder, "ignoring/.gitignore"), "utf8")).toBe("node_modules/\n");
  });

  it("--overwrite replaces what was changed", async () => {
    await runCli(["init", "over", "--name", "shop"], { cwd: folder });
    await writeFile(join(folder, "over/src/worker.ts"), "// mine\n");
    const { stdout } = await runCli(["init", "over", "--overwrite", "--yes", "--json"], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ name: "shop" });
    expect(await readFile(join(folder, "over/src/worker.ts"), "utf8")).toContain("createStreamWorker");
  });

  it("without a terminal, a name that nobody gave is asked for by its flag", async () => {
    const { code, stderr } = await runCli(["init", "silent"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("--name");
    expect(await readdir(folder)).not.toContain("silent");
  });

  it("a name that no Worker can have is refused", async () => {
    const { code, stderr } = await runCli(["init", "named", "--name=Shop"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("lower-case");
  });

  it("another name than that of the project file there is refused", async () => {
    await runCli(["init", "other", "--name", "shop"], { cwd: folder });
    const { code, stderr } = await runCli(["init", "other", "--name", "else"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("shop");
  });
});

describe("what init writes", () => {
  it("type-checks, and plain wrangler builds it and makes its types", async () => {
    await runCli(["init", "whole", "--yes"], { cwd: folder });
    const project = join(folder, "whole");
    const modules = join(project, "node_modules");
    await mkdir(modules);
    // The package as it is built, and what npm would install beside it.
    await symlink(ROOT, join(modules, "durable-streams"));
    await symlink(join(ROOT, "node_modules/@cloudflare"), join(modules, "@cloudflare"));
    expect(await run("tsc", { cwd: project })).toMatchObject({ code: 0, output: "" });
    const [built, types] = await Promise.all([
      run("wrangler deploy --dry-run --outdir built", { cwd: project }),
      run("wrangler types --include-runtime=false types.d.ts", { cwd: project }),
    ]);
    expect(built).toMatchObject({ code: 0 });
    expect(built.output).not.toMatch(/warning/i);
    expect(await readFile(join(project, "built/worker.js"), "utf8")).toContain("ProjectDO");
    expect(types).toMatchObject({ code: 0 });
    const declared = await readFile(join(project, "types.d.ts"), "utf8");
    for (const name of ["STREAMS", "PROJECTS", "DIRECTORY", "SUBSCRIPTIONS", "R2", "REGISTRY"])
      expect(declared).toContain(`${name}:`);
  });
});
