import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { MIGRATIONS, wranglerConfig } from "../../cloudflare/wrangler-config.ts";
import { COMPATIBILITY_DATE } from "../../local/compatibility-date.ts";
import { DEFAULT_PERSIST_DIR } from "../../local/options.ts";
import { isFileError } from "../file-error.ts";
import { parseProjectFile, PROJECT_FILE } from "./project-file.ts";
import { targetOf } from "./target.ts";

/** Our own package.json: its version, and the versions that we are tested with. */
export interface PackageFacts {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface ScaffoldedFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly state: "created" | "kept" | "overwritten";
}

function projectFile(name: string): string {
  return `{
  // What \`durable-streams deploy\` puts on Cloudflare. It writes down here what it made or found; commit that too.
  "name": "${name}",

  // Variables of the Worker, as texts: SEGMENT_MAX_MESSAGES, SEGMENT_MAX_BYTES, DEBUG_TIMING.
  "vars": {},

  // Your own Worker, instead of the one that comes with the package:
  // "main": "src/worker.ts",

  // A host name of a zone in your account. Cloudflare's cache works there, and not at workers.dev:
  // "customDomain": "streams.example.com",

  // Write a data point for each operation to this Analytics Engine dataset:
  // "analytics": "${name.replaceAll("-", "_")}",

  // Further deployments, each with its own data, by \`durable-streams deploy --env staging\`:
  // "environments": { "staging": { "vars": { "DEBUG_TIMING": "1" } } },
}
`;
}

const WORKER = `import { createStreamWorker, projectJwtAuth } from "durable-streams/worker";

export default createStreamWorker(projectJwtAuth());

export { DirectoryDO, ProjectDO, StreamDO, SubscriptionDO } from "durable-streams/worker";
`;

/** The same that \`deploy\` would upload, made by the same function. */
function wranglerFile(projectText: string): string {
  const { name, bucket, kvNamespaceId, vars } = targetOf(parseProjectFile(projectText));
  const config = wranglerConfig({
    name,
    main: "src/worker.ts",
    compatibilityDate: COMPATIBILITY_DATE,
    vars,
    bucket,
    namespaceId: kvNamespaceId,
    migrations: MIGRATIONS,
  });
  return `// For plain wrangler: \`wrangler dev\`, \`wrangler types\`, \`wrangler tail\`. \`durable-streams deploy\` does not read it; it reads
// ${PROJECT_FILE}, of which this was made. Change settings there, and here too if you use plain wrangler.
${JSON.stringify(config, null, 2)}
`;
}

function packageFile(name: string, { version, dependencies, devDependencies }: PackageFacts): string {
  const tool = (tool: string): string => devDependencies[tool] ?? dependencies[tool] ?? "*";
  const manifest = {
    name,
    private: true,
    type: "module",
    scripts: { dev: "durable-streams dev", deploy: "durable-streams deploy", check: "tsc" },
    dependencies: { "durable-streams": `^${version}` },
    devDependencies: {
      "@cloudflare/workers-types": tool("@cloudflare/workers-types"),
      typescript: tool("typescript"),
      wrangler: tool("wrangler"),
    },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ES2023",
    "lib": ["ES2023"],
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "types": ["@cloudflare/workers-types"],
    "strict": true,
    "noEmit": true
  },
  "include": ["src"]
}
`;

const IGNORED = `node_modules/
.wrangler/
${DEFAULT_PERSIST_DIR.replace(/^\.\//, "")}/
.dev.vars*
.env*
`;

/** Of the lines of `.gitignore` those that keep secrets and data out of git, and what else does so. */
const KEPT_OUT = [
  [".durable-streams/", /^\/?\.durable-streams(?:\/\*{0,2})?$/],
  [".dev.vars*", /^\/?\.dev\.vars\*?$/],
  [".env*", /^\/?\.env\*?$/],
] as const;

/** The lines that a folder's own `.gitignore` lacks, without which secrets of `dev` and of the environment may be committed. */
export async function missingFromGitignore(folder: string): Promise<readonly string[]> {
  const text = await readFile(path.join(folder, ".gitignore"), "utf8");
  const present = text.split("\n").map((line) => line.trim());
  return KEPT_OUT.filter(([, pattern]) => !present.some((line) => pattern.test(line))).map(([line]) => line);
}

const WORKFLOW = `# Deploys what is on the main branch. The repository needs three secrets:
#   CLOUDFLARE_API_TOKEN             from https://dash.cloudflare.com/profile/api-tokens, template "Edit Cloudflare Workers"
#   CLOUDFLARE_ACCOUNT_ID            the account that it is for
#   DURABLE_STREAMS_OPERATOR_SECRET  \`openssl rand -base64 32\`: whoever has it manages the server's projects
name: Deploy
on:
  push:
    branches: [main]

concurrency: deploy

jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm ci
      - run: npx durable-streams deploy --yes
        env:
          CLOUDFLARE_API_TOKEN: \${{ secrets.CLOUDFLARE_API_TOKEN }}
          CLOUDFLARE_ACCOUNT_ID: \${{ secrets.CLOUDFLARE_ACCOUNT_ID }}
          DURABLE_STREAMS_OPERATOR_SECRET: \${{ secrets.DURABLE_STREAMS_OPERATOR_SECRET }}
`;

/** A name for a Worker, from that of a folder. */
export function nameFromFolder(folder: string): string {
  const words = path
    .basename(path.resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const name = words.slice(0, 54).replaceAll(/^-+|-+$/g, "");
  return name === "" ? "durable-streams" : name;
}

/** Writes what is not there yet; what is there is replaced only if that is wished. */
export async function scaffold(
  folder: string,
  name: string,
  facts: PackageFacts,
  overwrite: boolean,
): Promise<readonly ScaffoldedFile[]> {
  await mkdir(folder, { recursive: true });
  const files: ScaffoldedFile[] = [];
  const put = async (file: string, text: string): Promise<void> => {
    files.push({ path: file, state: await writeNew(path.join(folder, file), text, overwrite) });
  };
  await put(PROJECT_FILE, projectFile(name));
  await put("src/worker.ts", WORKER);
  await put("wrangler.jsonc", wranglerFile(await readFile(path.join(folder, PROJECT_FILE), "utf8")));
  await put("package.json", packageFile(name, facts));
  await put("tsconfig.json", TSCONFIG);
  await put(".gitignore", IGNORED);
  await put(".github/workflows/deploy.yml", WORKFLOW);
  return files;
}

async function writeNew(file: string, text: string, overwrite: boolean): Promise<ScaffoldedFile["state"]> {
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: "wx" });
    return "created";
  } catch (error) {
    if (!isFileError(error) || error.code !== "EEXIST") throw error;
  }
  if (!overwrite || (await readFile(file, "utf8")) === text) return "kept";
  await writeFile(file, text);
  return "overwritten";
}
