import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import { allOf } from "../cli/all-mistakes.ts";
import { CommandFailure, usageFailure } from "../cli/command-failure.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { writeOutput } from "../cli/standard-output.ts";
import type { BatchCommand } from "../cli/subscriptions/batch-command.ts";
import { makePullWake } from "../cli/subscriptions/make-pull-wake.ts";
import {
  LEASE_FLAG,
  leaseMs,
  requireStreams,
  STREAMS_FLAGS,
  SubscriptionCommand,
} from "../cli/subscriptions/subscription-command.ts";
import {
  FailurePause,
  workLease,
  type WorkedBatch,
  type WorkEnd,
  type WorkOptions,
} from "../cli/subscriptions/work.ts";
import { requireSubscriptionId } from "../cli/subscriptions/subscription-id.ts";
import { workLoop } from "../cli/subscriptions/work-loop.ts";
import { visibleLine } from "../client/visible-text.ts";
import type { StreamClient } from "../client/stream-client.ts";

const BATCH_MESSAGES = 1000;
const BATCH_BYTES = 1024 * 1024;
const BATCH_MAX_BYTES = 256 * 1024 * 1024;

/** So many characters of a hash tell two sets of streams apart. */
const DERIVED_ID_CHARACTERS = 16;

/** What the command line says of the subscription. */
interface WorkFlags {
  readonly url: string;
  readonly project?: string | undefined;
  readonly pattern?: string | undefined;
  readonly stream?: readonly string[] | undefined;
  readonly "wake-stream"?: string | undefined;
  readonly lease?: string | undefined;
}

export default class Work extends SubscriptionCommand {
  static override summary = "Run a command for what streams have new, batch by batch.";
  static override description = `Waits for a pull-wake subscription's streams to have news, claims it, and runs the command once for each batch of one stream, with the messages on stdin: a message a line of a JSON stream, the bytes as they are of any other. Exit code 0 acks the batch; with any other nothing is acked, and the batch comes again after a pause that grows from 1 to 60 seconds, here or with another worker. Each message is so processed at least once, whatever ends in between.

The command finds in its environment: DURABLE_STREAMS_STREAM, DURABLE_STREAMS_OFFSET, DURABLE_STREAMS_NEXT_OFFSET, DURABLE_STREAMS_SUBSCRIPTION, DURABLE_STREAMS_GENERATION.
With --pattern or --stream the subscription is made, with a wake stream wake/ID, or found there just so; without an id of yours it gets one that these streams make.
Ctrl-C lets the running command end; a second one kills it.
What the command prints goes to stdout, or with --json to stderr: stdout then has an object a line for each batch.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> --pattern 'orders/*' --exec ./ship-orders",
    `<%= config.bin %> <%= command.id %> pool --exec 'jq -r .id >> ids.txt' --batch-messages 100`,
    "<%= config.bin %> <%= command.id %> pool --exec ./process --once",
  ];

  static override args = {
    subscription: stringArg({ ignoreStdin: true, description: "The subscription's id." }),
  };

  static override flags = {
    exec: string({ summary: "What to run, as a shell takes it.", helpValue: "COMMAND", required: true }),
    ...STREAMS_FLAGS,
    "wake-stream": string({
      summary: "The wake stream of a subscription that is made (default: wake/ID).",
      helpValue: "STREAM",
    }),
    ...LEASE_FLAG,
    "batch-messages": integer({
      summary: "Give the command at most so many messages, or lines of text, at once.",
      default: BATCH_MESSAGES,
      min: 1,
    }),
    "batch-bytes": integer({
      summary: "Give it at most so many bytes at once; a single larger message goes alone.",
      default: BATCH_BYTES,
      min: 1,
      max: BATCH_MAX_BYTES,
    }),
    once: boolean({ summary: "End when nothing is pending; a command that fails then ends it, too." }),
  };

  #running: BatchCommand | undefined;
  readonly #pause = new FailurePause();

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Work);
    const isMade = flags.pattern !== undefined || flags.stream !== undefined;
    const [id] = allOf(
      () => (args.subscription === undefined ? derivedId(flags) : requireSubscriptionId(args.subscription)),
      () => leaseMs(flags.lease),
      () => {
        if (isMade) requireStreams(flags);
        else if (args.subscription !== undefined) requireNothingToMake(args.subscription, flags);
      },
    );
    const client = await this.connect(flags);
    const signal = this.interruptSignal();
    const wakeStream = await this.#subscription(client, id, flags);
    const isJson = flags.json === true;
    const options: WorkOptions = {
      client,
      subscription: id,
      urlOf: (path) => this.namedStreamUrl(flags, path),
      command: flags.exec,
      limits: { messages: flags["batch-messages"], bytes: flags["batch-bytes"] },
      isStdoutTaken: isJson,
      signal,
      onBatch: (batch) => this.#tell(batch, isJson),
      onCommand: (command) => {
        this.#running = command;
      },
      onWarning: (sentence) => {
        this.notices.warning(sentence);
      },
    };
    signal.addEventListener("abort", () => {
      if (this.#running !== undefined) this.notices.note("Waiting for the command to end. Another Ctrl-C kills it.");
    });
    this.notices.note(`Working on ${JSON.stringify(id)}. Ctrl-C ends it.`);
    await workLoop({
      client,
      subscriptions: client.subscriptions(this.streamRoot(flags)),
      subscription: id,
      url: this.namedStreamUrl(flags, wakeStream),
      worker: `work ${hostname()} ${String(process.pid)}`,
      once: flags.once,
      signal,
      work: async (lease) => this.#after(await workLease(lease, options), flags.once, signal),
      onRetry: this.noteRetry,
      onHeld: (error) => {
        this.notices.note(`${error.message} Waiting for its end.`);
      },
      onBlind: (error) => {
        this.notices.warning(`${error.message} The subscription is asked every few seconds instead.`);
      },
    });
  }

  /** A second Ctrl-C does not wait for the command. */
  protected override insist(): boolean {
    const running = this.#running;
    this.#running = undefined;
    running?.kill();
    return running !== undefined;
  }

  /** The subscription's wake stream; the subscription is made where the flags say of what. */
  async #subscription(client: StreamClient, id: string, flags: WorkFlags): Promise<string> {
    const { pattern, stream } = flags;
    const root = this.streamRoot(flags);
    const signal = this.interruptSignal();
    if (pattern === undefined && stream === undefined) {
      const { type, wakeStream } = await client.subscriptions(root).show(id, signal);
      if (wakeStream !== undefined && type === "pull-wake") return wakeStream;
      throw new CommandFailure({
        code: "NOT_PULL_WAKE",
        message: `The subscription ${JSON.stringify(id)} is delivered by ${type}, and nobody can claim it.`,
        hint: "Work on a subscription of another id; --pattern or --stream make one.",
        exitCode: EXIT.conflict,
      });
    }
    const path = flags["wake-stream"] ?? `wake/${id}`;
    const wakeStream = { path, url: this.namedStreamUrl(flags, path) };
    const description = "made by durable-streams work";
    const wish = { client, root, id, pattern, streams: stream, wakeStream, description, signal };
    const { created } = await makePullWake({ ...wish, leaseTtlMs: leaseMs(flags.lease) });
    if (created)
      this.notices.note(`Created the subscription ${JSON.stringify(id)}, from the present ends of its streams on.`);
    return path;
  }

  async #tell(batch: WorkedBatch, isJson: boolean): Promise<void> {
    const { stream, messages, bytes, exitCode, signal, tookMs, acked } = batch;
    if (isJson) await writeOutput(`${JSON.stringify(batch)}\n`);
    const ended =
      exitCode === 0 ? "" : `, ended with ${exitCode === null ? String(signal) : `exit code ${String(exitCode)}`}`;
    const line = `${visibleLine(stream)}: ${String(messages)} messages, ${String(bytes)} bytes, ${String(tookMs)} ms${ended}`;
    if (acked) this.notices.detail(line);
    else if (exitCode !== 0) this.notices.note(line);
  }

  /** What comes after a lease. */
  async #after(end: WorkEnd, once: boolean, signal: AbortSignal): Promise<"go on" | "end"> {
    if (end.kind === "interrupted" || signal.aborted) {
      process.exitCode = this.interruptExitCode;
      return "end";
    }
    if (end.kind === "done" && end.progress) {
      this.#pause.reset();
      return "go on";
    }
    if (end.kind === "failed" && once) throw commandFailed(end.batch);
    const pauseMs = this.#pause.next();
    if (end.kind === "failed") this.notices.note(`It comes again in ${String(Math.ceil(pauseMs / 1000))} s.`);
    if (end.kind === "lost") {
      const why = end.error instanceof Error ? end.error.message : String(end.error);
      this.notices.warning(`The lease was lost, so the last batch was not acked and comes again: ${why}`);
    }
    await FailurePause.take(pauseMs, signal);
    return "go on";
  }
}

function commandFailed({ stream, exitCode, signal }: WorkedBatch): CommandFailure {
  const how = exitCode === null ? `was ended by ${String(signal)}` : `ended with exit code ${String(exitCode)}`;
  return new CommandFailure({
    code: "COMMAND_FAILED",
    message: `The command ${how} at messages of ${JSON.stringify(stream)}, which so stay pending.`,
    hint: "Run it again when the command works; without --once it is tried again and again.",
  });
}

/** What only a subscription takes that is made here would change nothing of one that is there. */
function requireNothingToMake(id: string, flags: WorkFlags): void {
  const name = (["wake-stream", "lease"] as const).find((each) => flags[each] !== undefined);
  if (name === undefined) return;
  throw usageFailure(
    `--${name} goes only with --pattern or --stream: the subscription ${JSON.stringify(id)} has its own.`,
    `Leave it out; what it has: durable-streams subscriptions show ${id}`,
  );
}

/** The same streams make the same id, so that another run goes on where this one ends. */
function derivedId({ pattern, stream, ...flags }: WorkFlags): string {
  if (pattern === undefined && stream === undefined) {
    throw usageFailure(
      "Which subscription is meant is not said.",
      "Name it, or let one be made: work --pattern 'orders/*' --exec COMMAND",
    );
  }
  const key = JSON.stringify([pattern, [...(stream ?? [])].sort(), flags["wake-stream"]]);
  return `work-${createHash("sha256").update(key).digest("hex").slice(0, DERIVED_ID_CHARACTERS)}`;
}
