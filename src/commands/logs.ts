import { string } from "@oclif/core/flags";
import { CloudflareError } from "../cloudflare/cloudflare-error.ts";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { followLogs } from "../cli/deploy/follow-logs.ts";
import { logJson, logText } from "../cli/deploy/log-text.ts";
import { notDeployed } from "../cli/deploy/not-deployed.ts";
import { writeOutput } from "../cli/standard-output.ts";

export default class Logs extends CloudflareCommand {
  static override summary = "Follow the deployed Worker's log.";
  static override description = `Prints every invocation as it happens, with what it logged and threw; with --json one JSON object per line, as Cloudflare reports it, without credentials. A lost connection is made again. Ctrl-C ends it.

Cloudflare samples the log of a busy Worker. What has happened before is in the dashboard.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --env staging --json | grep exception",
  ];

  static override flags = {
    env: string({ summary: "The environment of the project file that is meant.", helpValue: "NAME" }),
  };

  protected override readonly interrupted = "Ended.";

  override async run(): Promise<void> {
    const { flags } = await this.parse(Logs);
    const options = this.options(flags.env, flags.verbose);
    const { target, destination } = await this.destination(options);
    const print = flags.json === true ? logJson : logText;
    await followLogs({
      api: destination.api,
      accountId: destination.account.id,
      name: target.name,
      signal: options.signal,
      notices: this.notices,
      onEvent: (event) => writeOutput(print(event)),
    }).catch((error: unknown) => {
      const isGone = error instanceof CloudflareError && error.kind === "not-found";
      throw isGone ? notDeployed(target.name, "there is no log") : error;
    });
  }
}
