import { boolean, string } from "@oclif/core/flags";
import { ConfigFolder } from "../cli/config/config-folder.ts";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { type Diagnosis, doctor } from "../cli/doctor/doctor.ts";
import { ResultLines, summaryText } from "../cli/doctor/doctor-text.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { writeOutput } from "../cli/standard-output.ts";

/** Commands that take `--env`. */
const OF_DEPLOYMENTS: ReadonlySet<string> = new Set(["deploy", "doctor", "logs"]);

export default class Doctor extends CloudflareCommand {
  static override summary = "Look for what keeps things from working, each with what mends it.";
  static override description = `Looks at Node, wrangler and the files on this machine; in a folder with a durable-streams.jsonc at the login, the account and what is deployed; and at the server that commands here ask: whether it answers, its version, clocks, the operator secret, CORS. What makes no sense here is skipped, with the reason.

Without --fix it changes nothing. With it, it mends what is harmless: permissions of the folder of credentials, locks that killed commands have left, and the id of the KV namespace in durable-streams.jsonc. It never uploads or deletes anything in the account, and asks nothing.

Exits 0 when no check failed, and 8 when one did.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --fix",
    "<%= config.bin %> <%= command.id %> --env staging --json",
  ];

  static override flags = {
    env: string({ summary: "The environment of the project file to look at.", helpValue: "NAME" }),
    fix: boolean({ summary: "Mend what is harmless to mend, and say what was done." }),
  };

  override async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(Doctor);
    const { env, fix, json } = flags;
    const call = (words: string): string => {
      return this.call(words, OF_DEPLOYMENTS.has(words.split(" ")[0] ?? "") ? env : undefined);
    };
    const lines = new ResultLines();
    const diagnosis = await doctor({
      ...this.options(env, flags.verbose),
      config: new ConfigFolder((sentence) => this.notices.warning(sentence), process.env, false),
      fix,
      call,
      onResult: (result) => (json ? Promise.resolve() : writeOutput(lines.next(result))),
    });
    if (!json) await writeOutput(lines.end());
    if (!diagnosis.well) process.exitCode = EXIT.verification;
    if (!json) this.notices.note(summaryText(diagnosis.checks, call("doctor --fix")));
    return diagnosis;
  }
}
