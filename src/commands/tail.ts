import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import type { ConnectionState } from "../client/follow.ts";
import type { StreamClient } from "../client/stream-client.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { isFullScreenTerminal } from "../cli/full-screen.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { parsePattern, printBatches } from "../cli/reading/print-stream.ts";
import { ReadingCheckpoint } from "../cli/reading/reading-checkpoint.ts";
import { FORMATS, type Format } from "../cli/reading/record-format.ts";
import { tailBatches, type TailStart } from "../cli/reading/tail-batches.ts";
import { viewSources } from "../cli/reading/view-sources.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { refuseFlags } from "../cli/usage-error.ts";
import { requireOffsetText } from "../cli/wire-values.ts";

/** More than this would no longer be the end of a stream, and is kept in memory. */
const LAST_MAX = 100_000;

interface Named {
  readonly name: string;
  readonly url: string;
}

interface Plan {
  readonly format: Format | "events" | undefined;
  readonly grep: RegExp | undefined;
  readonly start: TailStart;
  readonly exitAtTail: boolean;
}

export default class Tail extends ServerCommand {
  static override summary = "Follow streams live.";

  static override description = `Begins at the present end, unless told otherwise, and goes on until the stream is closed or Ctrl-C. It reconnects by itself, after a restart of the server too, and goes on where it stood: nothing is lost or printed twice.
On a terminal the streams are shown in a live view (? lists its keys, q leaves); --plain, --format, --grep, --checkpoint, --exit-at-tail, --json, or output into a pipe give plain output.
With --checkpoint the position is saved once output has drained, and a later run goes on there, whatever start it is given.
Line ends of text streams arrive as LF, since server-sent events know no others; read is exact.
Several streams: raw lines get the stream's name before them, ndjson lines become {"stream","message"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders -n 10 | jq .id",
    "<%= config.bin %> <%= command.id %> orders --from-start --checkpoint tail.pos | ./consume",
    "<%= config.bin %> <%= command.id %> logs/app logs/db --grep 'error|warning' | less",
  ];

  static override strict = false;

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The streams' names, or their whole URLs." }),
  };

  static override flags = {
    offset: string({ summary: "Start here.", helpValue: "OFFSET", exclusive: ["from-start", "count"] }),
    "from-start": boolean({ summary: "Start at the beginning.", exclusive: ["offset", "count"] }),
    count: integer({
      char: "n",
      summary: "Start with the last so many messages, or lines of text.",
      min: 0,
      max: LAST_MAX,
      exclusive: ["checkpoint"],
    }),
    "exit-at-tail": boolean({ summary: "End at the present end; without a start, print all there is." }),
    checkpoint: string({
      summary: "Save the position in this file, and go on there next time.",
      helpValue: "FILE",
    }),
    plain: boolean({ summary: "Print lines on a terminal too: for screen readers, and to copy from." }),
    format: string({ summary: "How to print; see read.", options: [...FORMATS], exclusive: ["json"] }),
    grep: string({
      summary: "Print only messages, or lines of text, that match this regular expression.",
      helpValue: "PATTERN",
    }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Tail);
    const names = argv.map(String);
    refuseFlags(names, this.shape());
    if (flags.offset !== undefined) requireOffsetText(flags.offset, "--offset");
    const urls = names.map((name) => this.streamUrl(flags, name));
    const plan: Plan = {
      format: flags.json ? "events" : FORMATS.find((each) => each === flags.format),
      grep: parsePattern(flags.grep),
      start: startOf(flags),
      exitAtTail: flags["exit-at-tail"],
    };
    if (names.length > 1 && plan.format === "json") {
      throw usageFailure(
        "--format json is one array, and cannot hold several streams.",
        "Use --format ndjson or --json.",
      );
    }
    const client = await this.connect(flags);
    const { checkpoint } = flags;
    const hasTask = plan.format !== undefined || plan.grep !== undefined || plan.exitAtTail || checkpoint !== undefined;
    if (flags.plain || hasTask || !isFullScreenTerminal()) await this.#print(client, names, urls, plan, checkpoint);
    else {
      const streams = urls.map((url, i) => ({ name: names[i] ?? url, url }));
      await this.#view(client, streams, plan);
    }
  }

  async #view(client: StreamClient, streams: readonly Named[], { start }: Plan): Promise<void> {
    const signal = this.interruptSignal();
    const sources = await viewSources(client, streams, start, signal);
    for (const { url } of streams) this.notices.detail(`Following ${url}`);
    const { runScenes } = await import("../screen/run-scenes.tsx");
    const { LiveScene } = await import("../tail/live-scene.ts");
    await this.onScreen((options) => runScenes(new LiveScene(sources), options));
  }

  async #print(
    client: StreamClient,
    names: readonly string[],
    urls: readonly string[],
    { format, grep, start, exitAtTail }: Plan,
    checkpointFile: string | undefined,
  ): Promise<void> {
    const failed = new AbortController();
    const checkpoint =
      checkpointFile === undefined
        ? undefined
        : await ReadingCheckpoint.open(checkpointFile, urls, (error) => {
            failed.abort(error);
          });
    const signal = AbortSignal.any([this.interruptSignal(), failed.signal]);
    const output = openDataOutput();
    const onState = (state: ConnectionState): void => {
      if (state.name === "waiting") this.noteRetry(state.error, state.waitMs, state.leftMs);
    };
    const printOne = async (url: string, name: string | undefined): Promise<void> => {
      const known = checkpoint?.position(url);
      const from: TailStart = known === undefined ? start : { at: "offset", offset: known.offset };
      const batches = tailBatches(client, url, { start: from, exitAtTail, signal, onState });
      await printBatches(batches, { url, format, output, name, grep, checkpoint });
    };
    try {
      await Promise.all(
        urls.map((url, i) =>
          printOne(url, urls.length > 1 ? names[i] : undefined).catch((error: unknown) => {
            failed.abort(error);
            throw error;
          }),
        ),
      );
    } finally {
      await checkpoint?.flush();
    }
  }
}

interface StartFlags {
  readonly offset?: string | undefined;
  readonly "from-start": boolean;
  readonly count?: number | undefined;
  readonly "exit-at-tail": boolean;
}

function startOf(flags: StartFlags): TailStart {
  if (flags.count !== undefined) return { at: "last", count: flags.count };
  if (flags.offset !== undefined) return { at: "offset", offset: flags.offset };
  return { at: "offset", offset: flags["from-start"] || flags["exit-at-tail"] ? "-1" : "now" };
}
