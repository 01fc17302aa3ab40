import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { CloudflareError } from "./cloudflare-error.ts";
import { fieldsOf, textOf, type Fields } from "./fields.ts";
import { wranglerFailure } from "./wrangler-failure.ts";

/** How wrangler is started. */
export interface WranglerOptions {
  /** Where our package lies: wrangler is the one among its dependencies, never one that happens to be on PATH. */
  readonly packageRoot: string;
  /** The folder of the project: paths in its configuration begin there. */
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** Gets what wrangler prints, line by line. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface WranglerResult {
  /** What it reported for programs to read. */
  readonly entries: readonly Fields[];
  readonly stdout: string;
}

interface WranglerRun {
  readonly args: readonly string[];
  /** Given on its standard input, and taken out of whatever it prints. */
  readonly secret?: string | undefined;
  /** What it is started for, to begin a sentence with. */
  readonly doing: string;
  /** What it prints is a credential: no line of it is passed on. */
  readonly silent?: boolean | undefined;
}

/** Wrangler gets this long to end by itself. */
const END_WITHIN_MS = 5_000;
const KEPT_CHARACTERS = 256 * 1024;

/** Runs wrangler to its end. Throws a {@link CloudflareError} when it fails, or the signal's reason. */
export async function runWrangler(options: WranglerOptions, run: WranglerRun): Promise<WranglerResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { program } = await locateWrangler(options.packageRoot);
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-wrangler-"));
  const report = join(folder, "output.ndjson");
  try {
    const inputs = await ownInputs(folder, run.args);
    const child = spawn(process.execPath, ["--no-warnings", program, ...run.args, ...inputs], {
      cwd: options.cwd,
      env: environment(report, folder),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const printed = collect(child, { ...run, folder }, options.onLine);
    const code = await ended(child, run.secret, signal);
    const entries = await readReport(report);
    if (code === 0) return { entries, stdout: printed.stdout };
    throw wranglerFailure({ doing: run.doing, code, entries, output: run.silent === true ? "" : printed.all });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Empty files in the place of the folder's `.env` and, where none is given, of its configuration. Whoever wrote the folder
 * wrote them: they could send a login elsewhere, and one with a mistake would pass for the lack of a login. They have to be
 * there, because some versions of Node take the argument of the first for one of their own.
 */
async function ownInputs(folder: string, args: readonly string[]): Promise<readonly string[]> {
  const [variables, config] = [join(folder, "empty.env"), join(folder, "wrangler.json")];
  await Promise.all([writeFile(variables, ""), writeFile(config, "{}")]);
  return ["--env-file", variables, ...(args.includes("--config") ? [] : ["--config", config])];
}

/** The entry of a type in a report. */
export function reported({ entries }: WranglerResult, type: string): Fields | undefined {
  return entries.find((entry) => entry["type"] === type);
}

interface LocatedWrangler {
  /** Its script, absolute. */
  readonly program: string;
  readonly version: string;
}

/** Finds wrangler's program, and refuses a version of which nobody knows how it behaves. */
export async function locateWrangler(packageRoot: string): Promise<LocatedWrangler> {
  const manifest = join(packageRoot, "package.json");
  const require = createRequire(manifest);
  const wanted = textOf(fieldsOf((await readJson(manifest))["dependencies"])["wrangler"]) ?? "";
  let program: string;
  let found: string;
  try {
    program = require.resolve("wrangler");
    found = textOf((await readJson(require.resolve("wrangler/package.json")))["version"]) ?? "";
  } catch (error) {
    throw new CloudflareError(
      {
        kind: "broken-tool",
        code: "WRANGLER_MISSING",
        message: `wrangler ${wanted}, which comes with durable-streams, is not installed beside it.`,
        hint: "Install durable-streams again: npm install durable-streams",
      },
      { cause: error },
    );
  }
  if (majorOf(found) === majorOf(wanted)) return { program, version: found };
  throw new CloudflareError({
    kind: "broken-tool",
    code: "WRANGLER_VERSION",
    message: `Beside durable-streams is wrangler ${found}, and it needs wrangler ${wanted}.`,
    hint: `Install that one: npm install wrangler@${wanted}`,
  });
}

async function readJson(file: string): Promise<Fields> {
  return fieldsOf(JSON.parse(await readFile(file, "utf8")));
}

function majorOf(version: string): string {
  return version.split(".")[0] ?? "";
}

/**
 * No questions, no colours, no telemetry, no logs of its own, no environment but the one of the configuration, and nothing of
 * what only our own commands are to know.
 */
function environment(report: string, folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("DURABLE_STREAMS_"));
  return {
    ...Object.fromEntries(inherited),
    CLOUDFLARE_ENV: "",
    FORCE_COLOR: "0",
    NO_COLOR: "1",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: folder,
    WRANGLER_OUTPUT_FILE_PATH: report,
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_SEND_METRICS: "false",
  };
}

/** What it prints as plain text: nothing of the secret that it was given, nor of a folder that will be gone. */
function collect(
  child: ChildProcess,
  run: WranglerRun & { readonly folder: string },
  onLine?: (line: string) => void,
): { stdout: string; all: string } {
  const printed = { stdout: "", all: "" };
  const take = (line: string, isStdout: boolean): void => {
    if (line.includes(run.folder)) return;
    const plain = stripVTControlCharacters(line);
    const clean = run.secret === undefined ? plain : plain.replaceAll(run.secret, "[redacted]");
    printed.all = `${printed.all}${clean}\n`.slice(-KEPT_CHARACTERS);
    if (isStdout) printed.stdout = `${printed.stdout}${clean}\n`.slice(-KEPT_CHARACTERS);
    if (run.silent !== true) onLine?.(clean);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      take(line, stream === child.stdout);
    });
  }
  return printed;
}

/** Waits for the end, hands over the secret, and passes an interruption on; a wrangler that does not obey is killed. */
async function ended(child: ChildProcess, secret?: string, signal?: AbortSignal): Promise<number | null> {
  // One that ends without reading its input is no failure of ours.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(secret ?? "");
  let insist: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill("SIGTERM");
    insist = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    signal?.throwIfAborted();
    return code;
  } finally {
    clearTimeout(insist);
    signal?.removeEventListener("abort", end);
  }
}

/** One JSON object per line. */
async function readReport(file: string): Promise<readonly Fields[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => fieldsOf(JSON.parse(line)));
}
