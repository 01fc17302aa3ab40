// An operator at work: a folder with a project, a login, and the built command line.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../../../scripts/lib/process.mjs";
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from "../../control-plane/control-plane.ts";
import { activeVersion, type Script, type Version } from "../../control-plane/state.ts";
import { runCli, type RunResult } from "../../support/cli.ts";
import { install, pack } from "../../support/packed-package.ts";
import { runAtTerminal, type Answer, type TerminalResult } from "../../support/terminal.ts";

/** What `deploy --json` prints, as far as tests look at it. */
export interface DeployJson {
  readonly url: string;
  readonly plan: {
    readonly changes: number;
    readonly items: readonly { readonly kind: string; readonly name: string; readonly action: string }[];
  };
  readonly deployed?: { readonly versionId?: string; readonly checks: readonly string[]; readonly context: string };
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export class Operator {
  readonly plane: ControlPlane;
  readonly folder: string;
  readonly env: Record<string, string>;
  /** Everything that commands have printed. */
  printed = "";

  readonly #bin: string | undefined;

  private constructor(plane: ControlPlane, folder: string, bin?: string) {
    this.plane = plane;
    this.folder = folder;
    this.env = { ...plane.env };
    this.#bin = bin;
  }

  /** In an empty folder of this name, with the package installed that `npm pack` makes. */
  static async installed(name: string): Promise<Operator & { readonly tarball: string }> {
    const home = await mkdtemp(join(tmpdir(), "durable-streams-operator-"));
    const folder = join(home, name);
    await mkdir(folder);
    const tarball = await pack(home);
    await install(tarball, folder);
    const operator = new Operator(await startControlPlane(), folder, join(folder, "node_modules/.bin/durable-streams"));
    return Object.assign(operator, { tarball });
  }

  /** With a project that `init` made, for a Worker of this name. */
  static async start(name: string, options: ControlPlaneOptions = {}): Promise<Operator> {
    const plane = await startControlPlane(options);
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-operator-"));
    const operator = new Operator(plane, folder);
    const { code, stderr } = await operator.run(["init", "--name", name]);
    if (code !== 0) throw new Error(`init failed: ${stderr}`);
    await operator.edit('"vars": {}', `"url": "${await plane.workerUrl(name)}",\n  "vars": {}`);
    return operator;
  }

  async stop(): Promise<void> {
    await rm(this.#bin === undefined ? this.folder : dirname(this.folder), { recursive: true, force: true });
    await this.plane.close();
  }

  async run(args: readonly string[], env: Record<string, string> = {}, bin = this.#bin): Promise<RunResult> {
    const result = await runCli(args, { cwd: this.folder, env: { ...this.env, ...env }, ...(bin && { bin }) });
    this.printed += result.stdout + result.stderr;
    return result;
  }

  /** At a terminal, where questions may be asked. */
  async runAtTerminal(args: readonly string[], answers: readonly Answer[]): Promise<TerminalResult> {
    const result = await runAtTerminal(args, answers, { cwd: this.folder, env: { ...this.env, CI: "" } });
    this.printed += result.stdout + result.screen;
    return result;
  }

  /** `deploy --json`; a failure has an `error`. */
  async deploy(
    args: readonly string[] = ["--yes"],
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; stderr: string; result: DeployJson }> {
    const { code, stdout, stderr } = await this.run(["deploy", "--json", ...args], env);
    return { code, stderr, result: JSON.parse(stdout) as DeployJson };
  }

  readProject(): Promise<string> {
    return readFile(join(this.folder, "durable-streams.jsonc"), "utf8");
  }

  async edit(before: string, after: string): Promise<void> {
    const text = await this.readProject();
    if (!text.includes(before)) throw new Error(`the project file has no ${before}`);
    await writeFile(join(this.folder, "durable-streams.jsonc"), text.replace(before, after));
  }

  /** Requests that could change something, since a mark: `METHOD path`. */
  changesSince(mark: number): string[] {
    const requests = this.plane.requests.slice(mark);
    return requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  }

  get script(): Script {
    const [script] = this.plane.state.scripts.values();
    if (script === undefined) throw new Error("there is no Worker");
    return script;
  }

  /** The version that answers requests. */
  get version(): Version {
    const version = activeVersion(this.script);
    if (version === undefined) throw new Error("no version is deployed");
    return version;
  }

  /** A variable, or a secret, that the Worker sees. */
  binding(name: string): string | undefined {
    const found = this.version.bindings.find((binding) => binding.name === name);
    return found === undefined ? undefined : String(found["text"]);
  }
}

/** The Worker as the package ships it. */
export function shippedWorker(): Promise<Buffer> {
  return readFile(join(ROOT, "dist/worker/server.js"));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The changes of a plan: `create r2-bucket shop-segments`. */
export function changesOf({ plan }: DeployJson): string[] {
  return plan.items
    .filter(({ action }) => action !== "keep")
    .map(({ kind, name, action }) => `${action} ${kind} ${name}`);
}
