import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import { shortened } from "../../client/shortened.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import type { ErrorReport } from "../../cli/report.ts";
import { allOf } from "../../cli/all-mistakes.ts";
import { type CommandFailure, usageFailure } from "../../cli/command-failure.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { createWakeStream } from "../../cli/subscriptions/make-pull-wake.ts";
import {
  LEASE_FLAG,
  leaseMs,
  requireStreams,
  STREAMS_FLAGS,
  SubscriptionCommand,
} from "../../cli/subscriptions/subscription-command.ts";
import { requireSubscriptionId } from "../../cli/subscriptions/subscription-id.ts";
import { subscriptionLines } from "../../cli/subscriptions/subscription-text.ts";

export default class SubscriptionsCreate extends SubscriptionCommand {
  static override summary = "Create a subscription: workers are woken when its streams have news.";
  static override description = `With --webhook the server sends each wake to a URL, signed; with --wake-stream it appends them to a stream, and workers claim them.
It begins at the present end of every stream; streams that are created later are followed from their beginning.
A subscription that is there already with this very configuration is a success; with another one it is a conflict (exit code 5).`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> mailer --pattern 'orders/*' \\\n  --webhook https://worker.example/hooks",
    "<%= config.bin %> <%= command.id %> pool --stream jobs \\\n  --wake-stream wake/pool --create-wake-stream",
  ];

  static override args = {
    id: stringArg({ required: true, ignoreStdin: true, description: "The subscription's id, of your choice." }),
  };

  static override flags = {
    ...STREAMS_FLAGS,
    webhook: string({ summary: "Send wakes to this URL.", helpValue: "URL", exclusive: ["wake-stream"] }),
    "wake-stream": string({ summary: "Append wakes to this stream, which has to exist.", helpValue: "STREAM" }),
    "create-wake-stream": boolean({
      summary: "Create that stream, if it is not there, for application/json.",
      // What dependsOn means, which would leave a hole in the usage that oclif writes.
      relationships: [{ type: "all", flags: ["wake-stream"] }],
    }),
    ...LEASE_FLAG,
    description: string({ summary: "What it is for, in your words.", helpValue: "TEXT" }),
  };

  #webhook: string | undefined;

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SubscriptionsCreate);
    const { pattern, stream, webhook, "wake-stream": wakeStream, description } = flags;
    const [leaseTtlMs] = allOf(
      () => leaseMs(flags.lease),
      () => requireSubscriptionId(args.id),
      () => {
        requireStreams(flags);
      },
      () => {
        if (webhook !== undefined) requireWebhookUrl(webhook);
        else if (wakeStream === undefined) throw howIsNotSaid();
      },
    );
    this.#webhook = webhook;
    const wakeUrl = wakeStream === undefined ? undefined : this.namedStreamUrl(flags, wakeStream);
    const client = await this.connect(flags);
    if (flags["create-wake-stream"] && wakeUrl !== undefined) await createWakeStream(client, wakeUrl);
    const type = webhook === undefined ? "pull-wake" : "webhook";
    const { created, subscription } = await client.subscriptions(this.streamRoot(flags)).create(args.id, {
      type,
      pattern,
      streams: stream,
      webhookUrl: webhook,
      wakeStream,
      leaseTtlMs,
      description,
    });
    this.notices.note(`${created ? "Created" : "Already there:"} the subscription ${JSON.stringify(args.id)}`);
    if (wakeUrl !== undefined && !flags["create-wake-stream"]) await this.#warnOfMissing(client, wakeUrl);
    if (flags.json !== true) await writeOutput(subscriptionLines(subscription));
    return { created, ...subscription };
  }

  /** The protocol lets the stream come later (section 7.2); until it does every wake is lost to the workers. */
  async #warnOfMissing(client: StreamClient, wakeUrl: string): Promise<void> {
    try {
      await client.describe(wakeUrl);
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) return;
      this.notices.warning(
        `The wake stream ${wakeUrl} is not there, so nobody is woken. Run the command again with --create-wake-stream.`,
      );
    }
  }

  /** Says which URL the server refuses, but for what may be a secret in it. */
  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    if (report.code !== "WEBHOOK_URL_REJECTED" || this.#webhook === undefined) return report;
    const { origin, pathname } = new URL(this.#webhook);
    const shown = JSON.stringify(shortened(`${origin}${pathname}`));
    return {
      ...report,
      message: report.message.replace("The webhook's URL is refused", () => `--webhook ${shown} is refused`),
    };
  }
}

function howIsNotSaid(): CommandFailure {
  return usageFailure("How workers are woken is not said.", "Give --webhook URL, or --wake-stream STREAM.");
}

/** Refuses what no server can call. Which addresses it may call is for the server to say. */
function requireWebhookUrl(text: string): void {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: undefined };
  if (protocol === "https:" || protocol === "http:") return;
  throw usageFailure(
    `--webhook ${JSON.stringify(text)} is not an https URL.`,
    "Write it like https://worker.example/hooks. Only the server of `durable-streams dev` calls http://localhost too.",
  );
}
