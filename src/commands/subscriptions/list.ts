import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { subscriptionRow, SUBSCRIPTIONS_HEADING } from "../../cli/subscriptions/subscription-text.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import type { ListedSubscription } from "../../client/subscription-types.ts";

export default class SubscriptionsList extends SubscriptionCommand {
  static override summary = "List the subscriptions of a project.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> --json"];

  override async run(): Promise<unknown> {
    const { flags } = await this.parse(SubscriptionsList);
    const client = await this.connect(flags);
    const subscriptions: ListedSubscription[] = [];
    for await (const page of client.subscriptions(this.streamRoot(flags)).list()) {
      const heading = subscriptions.length === 0 && page.length > 0 ? SUBSCRIPTIONS_HEADING : "";
      if (flags.json !== true) await writeOutput(`${heading}${page.map(subscriptionRow).join("")}`);
      subscriptions.push(...page);
    }
    if (subscriptions.length === 0) {
      this.notices.note(
        `There are no subscriptions. Create one with: ${this.config.bin} subscriptions create ID${this.sameServer}`,
      );
    }
    return { subscriptions };
  }
}
