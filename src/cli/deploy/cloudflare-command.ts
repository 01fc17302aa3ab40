import path from "node:path";
import { BaseCommand } from "../base-command.ts";
import { callWords } from "../call-words.ts";
import { interruptSignal } from "../interrupt.ts";
import { Notices } from "../notices.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { preflight, type Destination } from "./preflight.ts";
import { readProjectFile } from "./project-file.ts";
import { targetOf, type Target } from "./target.ts";

/** What commands about a deployment share: its project file, its account, and an end in order at Ctrl-C. */
export abstract class CloudflareCommand extends BaseCommand {
  protected readonly interrupt = interruptSignal();

  /** What is said when Ctrl-C or SIGTERM ends the command. */
  protected readonly interrupted: string = "Interrupted.";

  /** As `deploy` has them, with nothing agreed to. `environment` is `--env`. */
  protected options(environment: string | undefined, verbose: boolean): DeployOptions {
    const { root, version, userAgent } = this.config;
    return {
      cwd: process.cwd(),
      packageRoot: root,
      workerFile: path.join(root, "dist", "worker", "server.js"),
      version,
      userAgent,
      environment,
      dryRun: false,
      rotateOperatorSecret: false,
      agree: undefined,
      verbose,
      signal: this.interrupt.signal,
      notices: new Notices(verbose ? "normal" : "quiet"),
      config: this.configFolder,
      onLine: (line) => {
        this.notices.detail(`  wrangler: ${line}`);
      },
      trace: process.env["DURABLE_STREAMS_DEBUG"] === "api" ? traceToStderr : undefined,
    };
  }

  /** Which deployment is meant. */
  protected async target(options: DeployOptions): Promise<Target> {
    const { settings } = await readProjectFile(options.cwd);
    return targetOf(settings, options.environment);
  }

  /** Which deployment is meant, and what opens its account. */
  protected async destination(options: DeployOptions): Promise<{ target: Target; destination: Destination }> {
    const target = await this.target(options);
    return { target, destination: await preflight(target, options) };
  }

  /** A command of ours as it can be typed here, for this deployment. */
  protected call(words: string, environment?: string): string {
    return `${this.program()} ${words}${environment === undefined ? "" : ` --env ${environment}`}`;
  }

  /** The words that start this program here. */
  protected program(): string {
    const script = process.argv[1] ?? this.config.bin;
    return callWords({ env: process.env, script, node: process.execPath, cwd: process.cwd() });
  }

  /** What the interruption itself throws is no failure to report. */
  protected override catch(error: Error): Promise<void> {
    const { signal, exitCode } = this.interrupt;
    if (!signal.aborted || error !== signal.reason) return super.catch(error);
    this.notices.note(this.interrupted);
    process.exitCode = exitCode;
    return Promise.resolve();
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.interrupt.dispose();
    await super.finally(error);
  }
}

function traceToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
