import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { string } from "@oclif/core/flags";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { statusOf, type Status } from "../cli/deploy/status.ts";
import { statusText } from "../cli/deploy/status-text.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { writeOutput } from "../cli/standard-output.ts";

export default class StatusCommand extends CloudflareCommand {
  static override summary = "Compare what is deployed with the project file and this command line.";
  static override description = `Looks at the account and asks the server itself, and changes nothing: versions, the uploaded bytes, variables, bindings, migrations, resources, address and operator secret. Each thing that is not in order comes with the command that mends it.

Exits 0 when all is in order, and 8 when it is not.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --env staging --json",
  ];

  static override flags = {
    env: string({ summary: "The environment of the project file to look at.", helpValue: "NAME" }),
  };

  override async run(): Promise<Status> {
    const { flags } = await this.parse(StatusCommand);
    const { env } = flags;
    const options = this.options(env, flags.verbose);
    const target = await this.target(options);
    const work = await mkdtemp(path.join(tmpdir(), "durable-streams-status-"));
    try {
      const status = await statusOf(options, target, work, {
        deploy: this.call("deploy", env),
        rotate: this.call("deploy --rotate-operator-secret", env),
        logs: this.call("logs", env),
      });
      if (!status.inOrder) process.exitCode = EXIT.verification;
      if (!flags.json) await writeOutput(statusText(status));
      return status;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}
