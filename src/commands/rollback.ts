import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { usageFailure } from "../cli/command-failure.ts";
import { confirm } from "../cli/confirm.ts";
import { CloudflareCommand } from "../cli/deploy/cloudflare-command.ts";
import { awaitVersion } from "../cli/deploy/deployed-server.ts";
import {
  labelOf,
  planRollback,
  rollBack,
  rollbackWarning,
  versionsOf,
  type RollbackPlan,
  type Versions,
} from "../cli/deploy/rollback.ts";
import { versionsTable } from "../cli/deploy/versions-table.ts";
import { writeOutput } from "../cli/standard-output.ts";

export default class Rollback extends CloudflareCommand {
  static override summary = "List the deployed Worker's versions, or return to one.";
  static override description = `Without VERSION it lists them, the newest first. With one it lets all requests go to that version again, after asking, and waits until the server answers in it. Code, variables and bindings are then those of that version; streams and their data stay as they are.

It refuses to go back across a Durable Object migration, which Cloudflare cannot undo. A build that is older than the format in which streams were stored since refuses those streams.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> 3",
    "<%= config.bin %> <%= command.id %> 3 --env staging --yes",
  ];

  static override args = {
    version: stringArg({ ignoreStdin: true, description: "Its number, its id, or the beginning of its id." }),
  };

  static override flags = {
    env: string({ summary: "The environment of the project file that is meant.", helpValue: "NAME" }),
    yes: boolean({ char: "y", summary: "Do not ask first." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Rollback);
    const options = this.options(flags.env, flags.verbose);
    const { target, destination } = await this.destination(options);
    const worker = { api: destination.api, accountId: destination.account.id, name: target.name };
    const versions = await versionsOf(worker);
    if (args.version === undefined) return this.#list(versions, flags.json);
    const plan = await planRollback(worker, versions, args.version);
    const result = { name: target.name, url: destination.url, versionId: plan.to.id, versionNumber: plan.to.number };
    if (plan.isLive) {
      this.notices.note(`Nothing to do: ${labelOf(plan.to)} is what is deployed.`);
      return { ...result, changed: false };
    }
    await this.#agree(plan, flags.yes);
    await rollBack(worker, plan);
    this.notices.note(`Deployed ${labelOf(plan.to)} again. Waiting for ${destination.url}...`);
    const { userAgent, signal, trace } = options;
    const access = {
      url: destination.url,
      userAgent,
      signal,
      trace,
      onWait: (reason: string) => {
        this.notices.note(`  Waiting: ${reason}.`);
      },
    };
    const health = await awaitVersion(access, plan.release);
    this.notices.note(`It answers, in version ${health.version}.`);
    return { ...result, changed: true, answersIn: health.version };
  }

  async #list(versions: Versions, isJson: boolean | undefined): Promise<Versions> {
    if (isJson !== true) await writeOutput(versionsTable(versions));
    return versions;
  }

  async #agree(plan: RollbackPlan, isAgreed: boolean): Promise<void> {
    const warning = rollbackWarning(plan, this.config.version);
    if (warning !== undefined) this.notices.warning(warning);
    if (isAgreed) return;
    const what = `Returning to ${labelOf(plan.to)}`;
    if (!this.mayAsk)
      throw usageFailure(`${what} changes what is deployed, and there is nobody to ask.`, "Agree by --yes.");
    if (await confirm(`Return from ${labelOf(plan.from)} to ${labelOf(plan.to)}?`)) return;
    throw usageFailure("Nothing was changed: you did not agree.");
  }
}
