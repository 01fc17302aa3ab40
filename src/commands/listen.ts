import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { boolean, integer, string } from "@oclif/core/flags";
import { usageFailure } from "../cli/command-failure.ts";
import { allOf } from "../cli/all-mistakes.ts";
import type { ErrorReport } from "../cli/report.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { deliveryLine } from "../cli/subscriptions/delivery-line.ts";
import { type Delivery, forwardWake, type ForwardEnd, type ForwardOptions } from "../cli/subscriptions/forward.ts";
import { LoopbackEndpoint } from "../cli/subscriptions/loopback-endpoint.ts";
import { makePullWake } from "../cli/subscriptions/make-pull-wake.ts";
import {
  LEASE_FLAG,
  leaseMs,
  requireStreams,
  STREAMS_FLAGS,
  SubscriptionCommand,
} from "../cli/subscriptions/subscription-command.ts";
import { WebhookSigner } from "../cli/subscriptions/webhook-signer.ts";
import { workLoop } from "../cli/subscriptions/work-loop.ts";
import type { StreamClient } from "../client/stream-client.ts";
import { Transport } from "../client/transport.ts";

/** Beside the port of `durable-streams dev`. */
const DEFAULT_PORT = 4438;
const PORT_MAX = 65_535;

/** A handler that stands at a breakpoint is waited for. A deployed server gives up after 10 s. */
const HANDLER_PATIENCE_MS = 300_000;

/** What a crash leaves behind of a subscription without a name is a stream that nobody uses, for no longer than this. */
const NAMELESS_WAKE_TTL_SECONDS = 86_400;

const NAMELESS_ID_BYTES = 8;

/** What the end of the command removes may take so long. */
const REMOVAL_MS = 3_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export default class Listen extends SubscriptionCommand {
  static override summary = "Forward what streams have new to a handler of webhooks on this machine.";
  static override description = `Makes a subscription of its own, and sends its wakes to the URL as a server would: with a Webhook-Signature, whose public key this command serves beside a place to call back to. The server of the streams may be any that has subscriptions, here or elsewhere: it is only asked, and need not reach this machine.
A handler that answers {"done":true} has processed all of it; one that answers 2xx otherwise calls back to callback_url before the lease ends; after any other answer the wake is sent again, after 1 to 60 seconds.
It begins at the present end of the streams. With --name a later run goes on where this one ended; without, the subscription is removed at the end, unless --keep says otherwise.
A line for each delivery goes to stdout: time, status, outcome, duration, wake, streams.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> --forward-to http://localhost:3000/hooks \\\n  --pattern 'orders/*'",
    "<%= config.bin %> <%= command.id %> --forward-to http://localhost:3000/hooks \\\n  --stream orders --name dev",
  ];

  static override flags = {
    "forward-to": string({ summary: "The handler's URL.", helpValue: "URL", required: true }),
    ...STREAMS_FLAGS,
    name: string({ summary: "Keep the position under this name, and go on there next time.", helpValue: "NAME" }),
    keep: boolean({ summary: "Leave the subscription when the command ends.", exclusive: ["name"] }),
    ...LEASE_FLAG,
    port: integer({
      summary: `Serve public key and callbacks on this port of 127.0.0.1 (default: ${String(DEFAULT_PORT)}, or else one that is free).`,
      min: 0,
      max: PORT_MAX,
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Listen);
    const { name } = flags;
    const [target, leaseTtlMs] = allOf(
      () => handlerUrl(flags["forward-to"]),
      () => leaseMs(flags.lease),
      () => {
        requireStreams(flags);
      },
      () => (name === undefined ? undefined : requireName(name)),
    );
    const isKept = flags.keep || name !== undefined;
    const id = `listen-${name ?? randomBytes(NAMELESS_ID_BYTES).toString("hex")}`;
    const wakePath = `listen/${id}`;
    const wakeStream = { path: wakePath, url: this.streamUrl(flags, wakePath) };
    const client = await this.connect(flags);
    const root = this.streamRoot(flags);
    const signal = this.interruptSignal();
    const signer = new WebhookSigner();
    const endpoint = await LoopbackEndpoint.open(
      signer.publicKey,
      flags.port ?? DEFAULT_PORT,
      flags.port === undefined,
    );
    const transport = new Transport({ userAgent: this.config.userAgent, answerTimeoutMs: HANDLER_PATIENCE_MS });
    let isMade = false;
    try {
      const { created } = await makePullWake({
        client,
        root,
        id,
        pattern: flags.pattern,
        streams: flags.stream,
        wakeStream,
        wakeTtlSeconds: isKept ? undefined : NAMELESS_WAKE_TTL_SECONDS,
        leaseTtlMs,
        description: "made by durable-streams listen",
        signal,
      });
      isMade = true;
      const isJson = flags.json === true;
      await this.#greet({ id, target, created, endpoint, signer, isJson });
      const onDelivery = (delivery: Delivery): Promise<void> =>
        writeOutput(isJson ? `${JSON.stringify({ type: "delivery", ...delivery })}\n` : deliveryLine(delivery));
      await this.#forward(client, root, wakeStream.url, {
        subscription: id,
        target,
        transport,
        signer,
        endpoint,
        signal,
        onDelivery,
      });
    } finally {
      endpoint.close();
      await transport.close();
      if (isMade && !isKept) await remove(client, root, id, wakeStream.url);
    }
  }

  /** Of a command line without the handler, all that it lacks. */
  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    const lacksHandler = error instanceof Error && error.message.includes("Missing required flag forward-to");
    const namesStreams = this.argv.some((word) => /^(?:--pattern|--stream|-s)/.test(word));
    if (!lacksHandler || namesStreams) return report;
    return { ...report, message: "listen needs --forward-to, and --pattern or --stream." };
  }

  async #forward(client: StreamClient, root: string, url: string, options: ForwardOptions): Promise<void> {
    const { subscription, signal } = options;
    await workLoop({
      client,
      subscriptions: client.subscriptions(root),
      subscription,
      url,
      worker: `listen ${hostname()} ${String(process.pid)}`,
      once: false,
      signal,
      work: async (lease) => this.#after(await forwardWake(lease, options)),
      onRetry: this.noteRetry,
      onHeld: (error) => {
        this.notices.note(`${error.message} Waiting for its end.`);
      },
      onBlind: (error) => {
        this.notices.warning(`${error.message} The subscription is asked every few seconds instead.`);
      },
    });
  }

  #after(end: ForwardEnd): "go on" | "end" {
    if (end.kind === "interrupted") {
      process.exitCode = this.interruptExitCode;
      return "end";
    }
    if (end.kind === "lost") {
      const why = end.error instanceof Error ? end.error.message : String(end.error);
      this.notices.warning(`The wake was not acked as done, and comes again if there is something left: ${why}`);
    }
    return "go on";
  }

  async #greet({
    id,
    target,
    created,
    endpoint: { jwksUrl, callbackUrl },
    signer: {
      publicKey: { kid },
    },
    isJson,
  }: {
    readonly id: string;
    readonly target: string;
    readonly created: boolean;
    readonly endpoint: LoopbackEndpoint;
    readonly signer: WebhookSigner;
    readonly isJson: boolean;
  }): Promise<void> {
    if (isJson) {
      const signing = { alg: "ed25519", kid, jwksUrl };
      const ready = { type: "listening", subscription: id, created, forwardTo: target, signing, callbackUrl };
      await writeOutput(`${JSON.stringify(ready)}\n`);
    }
    const where = created ? "from the present ends of its streams on" : "going on where it stood";
    const { origin, pathname } = new URL(target);
    this.notices.note(`Forwarding to ${origin}${pathname} as the subscription ${JSON.stringify(id)}, ${where}.`);
    this.notices.note(`Signed by the key ${kid} of ${jwksUrl}\nCtrl-C ends it.`);
  }
}

/** What was made for one run. Where it cannot be removed, it stays. */
async function remove(client: StreamClient, root: string, id: string, wakeUrl: string): Promise<void> {
  const signal = AbortSignal.timeout(REMOVAL_MS);
  await client
    .subscriptions(root)
    .delete(id, signal)
    .catch(() => undefined);
  await client.delete(wakeUrl, signal).catch(() => undefined);
}

function handlerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") {
    if (url.username === "" && url.password === "") return url.href;
    throw usageFailure("--forward-to carries credentials in the URL, where logs and process lists show them.");
  }
  throw usageFailure(
    `--forward-to ${JSON.stringify(text)} is not an http or https URL.`,
    "Write it like http://localhost:3000/hooks.",
  );
}

function requireName(name: string): void {
  if (NAME.test(name)) return;
  throw usageFailure(
    `--name ${JSON.stringify(name)} is not a name for this.`,
    "Use up to 128 letters, digits, dots, _ and -, beginning with a letter or digit.",
  );
}
