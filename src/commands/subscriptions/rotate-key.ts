import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { linesOf } from "../../cli/table.ts";

export default class SubscriptionsRotateKey extends SubscriptionCommand {
  static override summary = "Give a project a new key that its webhooks are signed with.";
  static override description = `Receivers that look keys up by their kid need do nothing: the new key is shown some minutes before it signs, and the old one as long as a signature of it may be accepted.`;
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(SubscriptionsRotateKey);
    const client = await this.connect(flags);
    const { kid, signsFrom } = await client.subscriptions(this.streamRoot(flags)).rotateKey();
    if (flags.json !== true) {
      await writeOutput(
        linesOf([
          ["key", kid],
          ["signs from", signsFrom],
        ]),
      );
    }
    return { kid, signsFrom };
  }
}
