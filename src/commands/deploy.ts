import path from "node:path";
import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { callWords } from "../cli/call-words.ts";
import { ConfigFolder } from "../cli/config/config-folder.ts";
import { confirm } from "../cli/confirm.ts";
import { deploy, type DeployResult } from "../cli/deploy/deploy.ts";
import { deployFarewell } from "../cli/deploy/farewell.ts";
import { interruptSignal } from "../cli/interrupt.ts";

export default class Deploy extends BaseCommand {
  static override summary = "Put the server on Cloudflare, or bring what is there up to date.";
  static override description = `Reads durable-streams.jsonc, shows what it would create or change, does it, tries the deployed server and saves a context for it. Running it again changes nothing; broken off anywhere, the next run goes on.

The login is that of wrangler (npx wrangler login), or CLOUDFLARE_API_TOKEN with CLOUDFLARE_ACCOUNT_ID.
The operator secret is made once and saved beside the contexts; where that folder does not last, as in CI, give one of your own by DURABLE_STREAMS_OPERATOR_SECRET.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --dry-run",
    "<%= config.bin %> <%= command.id %> --env staging --yes",
  ];

  static override flags = {
    env: string({ summary: "Deploy this environment of the project file.", helpValue: "NAME" }),
    "dry-run": boolean({ summary: "Show the plan and change nothing." }),
    yes: boolean({ char: "y", summary: "Do not ask before something is changed." }),
    "rotate-operator-secret": boolean({
      summary: "Give the Worker a new operator secret, or that of DURABLE_STREAMS_OPERATOR_SECRET.",
    }),
  };

  readonly #interrupt = interruptSignal();

  override async run(): Promise<DeployResult> {
    const { flags } = await this.parse(Deploy);
    const { root, version, userAgent } = this.config;
    const result = await deploy({
      cwd: process.cwd(),
      packageRoot: root,
      workerFile: path.join(root, "dist", "worker", "server.js"),
      version,
      userAgent,
      environment: flags.env,
      dryRun: flags["dry-run"],
      rotateOperatorSecret: flags["rotate-operator-secret"],
      agree: flags.yes ? true : this.mayAsk ? confirm : undefined,
      verbose: flags.verbose,
      signal: this.#interrupt.signal,
      notices: this.notices,
      config: new ConfigFolder((sentence) => {
        this.notices.warning(sentence);
      }),
      onLine: (line) => {
        this.notices.detail(`  wrangler: ${line}`);
      },
      trace: process.env["DURABLE_STREAMS_DEBUG"] === "api" ? traceToStderr : undefined,
    });
    if (result.deployed !== undefined) this.notices.note(deployFarewell(result, this.program()));
    return result;
  }

  private program(): string {
    const script = process.argv[1] ?? this.config.bin;
    return callWords({ env: process.env, script, node: process.execPath, cwd: process.cwd() });
  }

  /** What the interruption itself throws is no failure to report. */
  protected override catch(error: Error): Promise<void> {
    const { signal, exitCode } = this.#interrupt;
    if (!signal.aborted || error !== signal.reason) return super.catch(error);
    this.notices.note("Interrupted. Run deploy again: it goes on where it was.");
    process.exitCode = exitCode;
    return Promise.resolve();
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.#interrupt.dispose();
    await super.finally(error);
  }
}

function traceToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
