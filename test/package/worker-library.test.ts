// The package as a user of the library gets it: packed, unpacked into a project of its own, compiled and bundled there.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, run } from "../../scripts/lib/process.mjs";
import { userDocuments } from "../docs/support/documents.ts";
import { pack } from "../support/packed-package.ts";

const FIVE_LINES = `import { createStreamWorker, projectJwtAuth } from "durable-streams/worker";

export default createStreamWorker(projectJwtAuth());

export { DirectoryDO, ProjectDO, StreamDO, SubscriptionDO } from "durable-streams/worker";
`;

const CUSTOM_CALLBACKS = `import { createStreamWorker } from "durable-streams/worker";
import type {
  AuthorizeMutation,
  AuthorizeRead,
  AuthResult,
  BaseEnv,
  ReadAuthResult,
  Timing,
} from "durable-streams/worker";

interface Env extends BaseEnv {
  SECRET: string;
}

const refuse = (): AuthResult & ReadAuthResult => ({ ok: false, response: new Response(null, { status: 401 }) });
const authorizeMutation: AuthorizeMutation<Env> = (request, doKey: string, env, timing: Timing | null) =>
  request.headers.get("authorization") === env.SECRET && doKey !== "" && timing === null ? { ok: true } : refuse();
const authorizeRead: AuthorizeRead<Env> = async () => refuse();

export default createStreamWorker<Env>({ authorizeMutation, authorizeRead });
`;

const tsconfig = {
  compilerOptions: {
    target: "ES2023",
    lib: ["ES2023"],
    module: "ESNext",
    moduleResolution: "Bundler",
    strict: true,
    noEmit: true,
    // The declarations themselves are what is tested.
    skipLibCheck: false,
    types: ["@cloudflare/workers-types"],
  },
  include: ["*.ts"],
};

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "durable-streams-consumer-"));
  const installed = join(project, "node_modules/durable-streams");
  await mkdir(installed, { recursive: true });
  await symlink(join(ROOT, "node_modules/@cloudflare"), join(project, "node_modules/@cloudflare"));
  const unpacked = await run(`tar -xzf "${await pack(project)}" --strip-components=1 -C "${installed}"`);
  expect(unpacked.output).toBe("");
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
});

afterAll(() => rm(project, { recursive: true, force: true }));

async function compile(worker: string, options: Record<string, unknown> = {}) {
  await writeFile(join(project, "worker.ts"), worker);
  const compilerOptions = { ...tsconfig.compilerOptions, ...options };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ ...tsconfig, compilerOptions }));
  return run(`tsc --project "${project}"`);
}

test.for([
  ["Bundler", { module: "ESNext" }],
  ["NodeNext", { module: "NodeNext" }],
] as const)("library: the five-line Worker compiles with module resolution %s", async ([moduleResolution, options]) => {
  const { code, output } = await compile(FIVE_LINES, { ...options, moduleResolution });
  expect(output).toBe("");
  expect(code).toBe(0);
});

test("library: a Worker with callbacks of its own compiles", async () => {
  const { code, output } = await compile(CUSTOM_CALLBACKS);
  expect(output).toBe("");
  expect(code).toBe(0);
});

test("library: every TypeScript block of the documents compiles", async () => {
  const blocks = (await userDocuments()).flatMap(({ path, blocks }) => blocks.map((block) => ({ path, ...block })));
  const examples = blocks.filter(({ language }) => language === "ts");
  expect(examples.length).toBeGreaterThanOrEqual(5);
  const files = examples.map(({ path, line }) => join(project, `${path.replaceAll(/\W/g, "_")}_${String(line)}.ts`));
  await Promise.all(files.map((file, index) => writeFile(file, examples[index]?.text ?? "")));
  const { code, output } = await compile(FIVE_LINES);
  await Promise.all(files.map((file) => rm(file)));
  expect({ code, output }).toEqual({ code: 0, output: "" });
});

test("library: the types are really there: a wrong callback does not compile", async () => {
  const { code, output } = await compile(CUSTOM_CALLBACKS.replace("{ ok: true }", "{ ok: 1 }"));
  expect(output).toContain("error TS2322");
  expect(code).not.toBe(0);
});

test("library: the five-line Worker bundles into one module with its default export and its classes", async () => {
  await writeFile(join(project, "worker.ts"), FIVE_LINES);
  const { metafile } = await build({
    absWorkingDir: project,
    entryPoints: ["worker.ts"],
    bundle: true,
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*"],
    format: "esm",
    metafile: true,
    outfile: "bundle.js",
    platform: "neutral",
  });
  const [output] = Object.values(metafile.outputs);
  expect(output?.exports.toSorted()).toEqual(["DirectoryDO", "ProjectDO", "StreamDO", "SubscriptionDO", "default"]);
  expect(new Set(output?.imports.map(({ path }) => path))).toEqual(new Set(["cloudflare:workers"]));
});
