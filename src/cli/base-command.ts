import { Command } from "@oclif/core/command";
import { boolean } from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { ConfigFolder } from "./config/config-folder.ts";
import { oclifExitCode, plainMessage, reportError } from "./error-report.ts";
import { EXIT } from "./exit-codes.ts";
import type { ErrorReport } from "./report.ts";
import { Notices } from "./notices.ts";
import { UnknownCommandError } from "./unknown-command.ts";
import { type CommandShape, usageError } from "./usage-error.ts";

/** oclif's way of saying "end here with this code", thrown by `this.exit()` and by `--help`. */
function exitRequest(error: Error): number | undefined {
  if (!("code" in error) || error.code !== "EEXIT" || !("oclif" in error)) return undefined;
  const { oclif } = error;
  return typeof oclif === "object" && oclif !== null && "exit" in oclif ? Number(oclif.exit) : 0;
}

/**
 * What every command has: the global flags, notices on stderr, errors as one sentence and a hint (with `--json` as one
 * object on stdout), and the exit code table. A command returns what `--json` prints, or nothing.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    "no-input": boolean({
      summary: "Never ask: fail and name the missing flag instead.",
      helpGroup: "GLOBAL",
    }),
    quiet: boolean({
      char: "q",
      summary: "Print data and errors only.",
      helpGroup: "GLOBAL",
      exclusive: ["verbose"],
    }),
    verbose: boolean({
      char: "v",
      summary: "Say more on stderr about what is being done.",
      helpGroup: "GLOBAL",
    }),
  };

  /** Everything that is not data: stderr, hushed by `--quiet`. */
  protected notices = new Notices("normal");
  /** Whether a question may be asked: a terminal on both ends, no `--no-input`, no `CI`. */
  protected mayAsk = false;
  /** Contexts and credentials of the user. */
  protected readonly configFolder = new ConfigFolder((sentence) => {
    this.notices.warning(sentence);
  });

  protected override async parse<
    F extends Record<string, unknown>,
    B extends Record<string, unknown>,
    A extends Record<string, unknown>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    // A command line that is refused has been read too; oclif would warn that nobody did.
    this.parsed = true;
    const parsed = await super.parse(options, argv);
    const flags: Record<string, unknown> = parsed.flags;
    this.notices = new Notices(flags["quiet"] === true ? "quiet" : flags["verbose"] === true ? "verbose" : "normal");
    this.mayAsk = flags["no-input"] !== true && !process.env["CI"] && process.stdin.isTTY && process.stderr.isTTY;
    return parsed;
  }

  /** What errors of usage need to know of the command and of what was typed. */
  protected shape(): CommandShape {
    const { args, flags, baseFlags, strict } = this.ctor;
    const { argv, config } = this;
    const id = (this.id ?? "").replaceAll(":", " ");
    return { bin: config.bin, id, args, flags: { ...baseFlags, ...flags }, takesMore: !strict, argv };
  }

  /** One compact line, whatever the terminal: the same bytes for a script and for a log. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }

  /** How a failure is shown. */
  protected report(error: unknown): ErrorReport {
    const isOurs = error instanceof UnknownCommandError;
    const isUsage = error instanceof Error && !isOurs && oclifExitCode(error) === EXIT.usage;
    return reportError(isUsage ? usageError(error, this.shape(), plainMessage(error)) : error);
  }

  protected override toErrorJson(error: unknown): { error: { code: string; message: string; hint?: string } } {
    const { code, message, hint } = this.report(error);
    return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
  }

  protected override catch(error: Error): Promise<void> {
    const requested = exitRequest(error);
    if (requested !== undefined) {
      process.exitCode = requested;
      return Promise.resolve();
    }
    const report = this.report(error);
    process.exitCode = report.exitCode;
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(error));
    else this.notices.failure(report, error);
    return Promise.resolve();
  }
}
