import { MEMBERSHIP_ARGS, streamsAfterId } from "../../cli/subscriptions/membership-arguments.ts";
import { SubscriptionCommand } from "../../cli/subscriptions/subscription-command.ts";
import { requireSubscriptionId } from "../../cli/subscriptions/subscription-id.ts";

export default class SubscriptionsAdd extends SubscriptionCommand {
  static override summary = "Link streams to a subscription by name, from their present ends on.";
  static override examples = ["<%= config.bin %> <%= command.id %> pool jobs/a jobs/b"];

  static override strict = false;
  static override args = MEMBERSHIP_ARGS;

  override async run(): Promise<unknown> {
    const { args, argv, flags } = await this.parse(SubscriptionsAdd);
    requireSubscriptionId(args.id);
    const streams = streamsAfterId(argv, this.shape());
    const client = await this.connect(flags);
    await client.subscriptions(this.streamRoot(flags)).addStreams(args.id, streams);
    this.notices.note(`The subscription ${JSON.stringify(args.id)} has: ${streams.join(", ")}`);
    return { subscription: args.id, added: streams };
  }
}
