import { MEMBERSHIP_ARGS, streamsAfterId } from "../../cli/subscriptions/membership-arguments.ts";
import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { requireSubscriptionId } from "../../cli/subscriptions/subscription-id.ts";

export default class SubscriptionsRemove extends SubscriptionCommand {
  static override summary = "Remove streams that were linked to a subscription by name.";
  static override description = "A stream that its pattern matches stays linked all the same.";
  static override examples = ["<%= config.bin %> <%= command.id %> pool jobs/a"];

  static override strict = false;
  static override args = MEMBERSHIP_ARGS;

  override async run(): Promise<unknown> {
    const { args, argv, flags } = await this.parse(SubscriptionsRemove);
    requireSubscriptionId(args.id);
    const streams = streamsAfterId(argv, this.shape());
    const client = (await this.connect(flags)).subscriptions(this.streamRoot(flags));
    for (const stream of streams) await client.removeStream(args.id, stream);
    this.notices.note(`Removed from the subscription ${JSON.stringify(args.id)}: ${streams.join(", ")}`);
    return { subscription: args.id, removed: streams };
  }
}
