import { boolean, string } from "@oclif/core/flags";
import { confirm } from "../cli/confirm.ts";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { deploy, type DeployResult } from "../cli/deploy/deploy.ts";
import { deployFarewell } from "../cli/deploy/farewell.ts";

export default class Deploy extends CloudflareCommand {
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

  protected override readonly interrupted = "Interrupted. Run deploy again: it goes on where it was.";

  override async run(): Promise<DeployResult> {
    const { flags } = await this.parse(Deploy);
    const result = await deploy({
      ...this.options(flags.env, flags.verbose),
      dryRun: flags["dry-run"],
      rotateOperatorSecret: flags["rotate-operator-secret"],
      agree: flags.yes ? true : this.mayAsk ? confirm : undefined,
      // What it does is what people wait for, and not only where they ask for more.
      notices: this.notices,
    });
    if (result.deployed !== undefined) this.notices.note(deployFarewell(result, this.program()));
    return result;
  }
}
