import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import { CommandFailure, usageFailure } from "../../cli/command-failure.ts";
import { confirm } from "../../cli/confirm.ts";
import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { requireSubscriptionId } from "../../cli/subscriptions/subscription-id.ts";

export default class SubscriptionsDelete extends SubscriptionCommand {
  static override summary = "Delete a subscription: nobody is woken by it any more.";
  static override description =
    "How far it was in its streams is forgotten; the streams themselves stay. One that is not there is a success, too.";
  static override examples = ["<%= config.bin %> <%= command.id %> pool --yes"];

  static override args = {
    id: stringArg({ required: true, ignoreStdin: true, description: "The subscription's id." }),
  };

  static override flags = {
    yes: boolean({ char: "y", summary: "Do not ask first." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SubscriptionsDelete);
    const id = requireSubscriptionId(args.id);
    const name = JSON.stringify(id);
    if (!flags.yes) {
      const what = `Deleting the subscription ${name} forgets how far it was`;
      if (!this.mayAsk) throw usageFailure(`${what}, and there is nobody to ask.`, "Confirm with --yes.");
      if (!(await confirm(`${what}. Delete it?`))) {
        throw new CommandFailure({ code: "NOT_CONFIRMED", message: "Nothing was deleted." });
      }
    }
    const client = await this.connect(flags);
    await client.subscriptions(this.streamRoot(flags)).delete(id);
    this.notices.note(`Deleted the subscription ${name}`);
    return { subscription: id, deleted: true };
  }
}
