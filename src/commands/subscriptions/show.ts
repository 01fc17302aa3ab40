import { string as stringArg } from "@oclif/core/args";
import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { requireSubscriptionId } from "../../cli/subscriptions/subscription-id.ts";
import { linkRow, LINKS_HEADING, subscriptionLines } from "../../cli/subscriptions/subscription-text.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import type { SubscriptionLink } from "../../client/subscription-types.ts";

export default class SubscriptionsShow extends SubscriptionCommand {
  static override summary = "Show what a subscription is, and how far it is in each of its streams.";
  static override examples = ["<%= config.bin %> <%= command.id %> pool"];

  static override args = {
    id: stringArg({ required: true, ignoreStdin: true, description: "The subscription's id." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SubscriptionsShow);
    requireSubscriptionId(args.id);
    const client = (await this.connect(flags)).subscriptions(this.streamRoot(flags));
    const subscription = await client.show(args.id);
    if (flags.json !== true) await writeOutput(subscriptionLines(subscription));
    const streams: SubscriptionLink[] = [];
    for await (const page of client.streams(args.id)) {
      const heading = streams.length === 0 && page.length > 0 ? `\n${LINKS_HEADING}` : "";
      if (flags.json !== true) await writeOutput(`${heading}${page.map(linkRow).join("")}`);
      streams.push(...page);
    }
    return { ...subscription, streams };
  }
}
