import { randomBytes } from "node:crypto";
import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import type { Interfaces } from "@oclif/core";
import { bench, type BenchResult } from "../cli/bench/bench.ts";
import { benchText } from "../cli/bench/bench-text.ts";
import { LiveLines } from "../cli/bench/live-lines.ts";
import type { LoadTarget } from "../cli/bench/load.ts";
import { otherServerClient, otherServerFailure } from "../cli/bench/other-server.ts";
import { exitCodeOf } from "../cli/bench/outcome.ts";
import { createOwnStream, deleteOwnStreams, useStream } from "../cli/bench/own-stream.ts";
import { checkSettings, parseReaders, type LoadSettings } from "../cli/bench/settings.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { parseDurationSeconds } from "../cli/duration.ts";
import { requireServerUrl, streamUrl } from "../cli/server-address.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { requireContentType } from "../cli/wire-values.ts";
import { writeOutput } from "../cli/standard-output.ts";
import type { StreamClient } from "../client/stream-client.ts";

const DEFAULT_CONTENT_TYPE = "application/json";

export default class Bench extends ServerCommand {
  static override summary = "Put load on a server, measure it, and verify every delivery.";

  static override description = `Writers append to a stream, readers follow it live, and what comes to each reader is proved: every message carries its writer, its number and a hash over the writer's messages so far, so that what is lost, doubled, out of order or changed is found, named, and exit code 8. Works with any Durable Streams server. Without a STREAM it makes one of its own and deletes it in the end; with one, the load goes to its end and stays there.

Three times are measured: from sending an append to its answer; with --rate also from the time at which it was due, so that a server that stalls does not hide how many it kept waiting; and from sending it to the arrival at the readers. A warm-up is not measured, but verified. On a terminal a line shows each second; Ctrl-C ends it with the results so far and exit code 130.

--compare puts the same load on a second server: the two take turns, so that a noisy machine disturbs both, and the ratios are taken within each round. --token is not sent to it: its token comes from DURABLE_STREAMS_COMPARE_TOKEN or the saved credentials.
Exits 7 when appends failed that might succeed later. Appends cost money on a server that is billed for them: 10 s at full speed can be tens of thousands.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --rate 500 --readers sse=10,long-poll=5 --duration 30s",
    "<%= config.bin %> <%= command.id %> --writers 32 --batch 100 --readers sse=0 --json",
    "<%= config.bin %> <%= command.id %> --rate 200 --compare http://127.0.0.1:4438/v1/stream",
  ];

  static override args = {
    stream: stringArg({
      ignoreStdin: true,
      description: "A stream that is there, to append to (default: one of its own).",
    }),
  };

  static override flags = {
    rate: integer({
      summary: "Start so many appends a second, of all writers together; 0 is as fast as the answers come.",
      helpValue: "N",
      default: 0,
      min: 0,
      max: 1_000_000,
    }),
    size: integer({ summary: "Make messages of so many bytes.", helpValue: "BYTES", default: 256, min: 1 }),
    batch: integer({
      summary: "Put so many messages into one append.",
      helpValue: "N",
      default: 1,
      min: 1,
      max: 100_000,
    }),
    writers: integer({
      summary: "Have so many appends under way at a time.",
      helpValue: "N",
      default: 8,
      min: 1,
      max: 1_000,
    }),
    readers: string({
      summary: "So many live readers by their way of reading: sse=N, long-poll=N, or both with a comma.",
      helpValue: "MODE=N,...",
      default: "sse=1",
    }),
    duration: string({ summary: "Measure so long.", helpValue: "TIME", default: "10s" }),
    warmup: string({ summary: "Put the load on so long before that.", helpValue: "TIME", default: "1s" }),
    "content-type": string({
      summary: `Make the stream of this type (default: ${DEFAULT_CONTENT_TYPE}).`,
      helpValue: "TYPE",
    }),
    idempotent: boolean({
      summary: "Append as idempotent producers, which send again what failed.",
      default: false,
    }),
    keep: boolean({ summary: "Do not delete the stream in the end.", default: false }),
    compare: string({ summary: "Compare with this server, as --url names one.", helpValue: "URL" }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Bench);
    const settings = settingsOf(flags);
    if (args.stream !== undefined) requireOwnStream(flags);
    if (flags.compare !== undefined) requireServerUrl(flags.compare, "--compare");
    const signal = this.interruptSignal();
    const client = await this.connect(flags);
    const run = randomBytes(4).toString("hex");
    const others = flags.compare === undefined ? [] : [otherServerClient(this.configFolder, this.config.userAgent)];
    const targets: LoadTarget[] = [];
    const owns = args.stream === undefined && !flags.keep;
    try {
      if (args.stream !== undefined) targets.push(await useStream(client, this.streamUrl(flags, args.stream), signal));
      else await this.#createStreams([client, ...others], { run, flags, settings, targets });
      this.notices.detail(`The load begins on ${targets.map(({ url }) => url).join(" and ")}.`);
      const result = await this.#bench(run, settings, targets);
      process.exitCode = exitCodeOf(result, this.interruptExitCode);
      if (!flags.json) await writeOutput(benchText(result));
      return result;
    } finally {
      const left = owns ? await deleteOwnStreams(targets) : [];
      for (const url of left) this.notices.warning(`${url} could not be deleted.`);
      await Promise.all(others.map((other) => other.dispose()));
    }
  }

  async #createStreams(
    clients: readonly StreamClient[],
    { run, flags, settings, targets }: { run: string; flags: Flags; settings: LoadSettings; targets: LoadTarget[] },
  ): Promise<void> {
    const { "content-type": contentType = DEFAULT_CONTENT_TYPE, keep, compare } = flags;
    const runSeconds = (settings.warmupSeconds + settings.durationSeconds) * clients.length;
    const name = `bench-${run}`;
    for (const [index, client] of clients.entries()) {
      const isOther = index > 0 && compare !== undefined;
      const url = isOther ? streamUrl({ url: compare, project: undefined }, name) : this.streamUrl(flags, name);
      const options = { contentType, runSeconds, keep, signal: this.interruptSignal() };
      try {
        targets.push(await createOwnStream(client, url, options));
      } catch (error) {
        throw isOther ? otherServerFailure(error) : error;
      }
    }
  }

  async #bench(run: string, settings: LoadSettings, targets: readonly LoadTarget[]): Promise<BenchResult> {
    const isShown = process.stderr.isTTY && !this.jsonEnabled();
    const print = (line: string): void => {
      this.notices.note(line);
    };
    const live = isShown ? new LiveLines(print, () => process.stderr.columns) : undefined;
    try {
      return await bench({ run, settings, targets, signal: this.interruptSignal(), live });
    } finally {
      live?.stop();
    }
  }
}

type Flags = Interfaces.InferredFlags<typeof Bench.flags & typeof ServerCommand.baseFlags>;

function settingsOf(flags: Flags): LoadSettings {
  const { rate, size, batch, writers, idempotent, "content-type": contentType } = flags;
  if (contentType !== undefined) requireContentType(contentType);
  const settings: LoadSettings = {
    ...{ rate, size, batch, writers, idempotent },
    readers: parseReaders(flags.readers),
    durationSeconds: parseDurationSeconds(flags.duration, "--duration"),
    warmupSeconds: parseDurationSeconds(flags.warmup, "--warmup"),
  };
  checkSettings(settings);
  return settings;
}

/** What only goes with a stream of one's own. */
function requireOwnStream(flags: Flags): void {
  const name = (["content-type", "keep", "compare"] as const).find(
    (each) => flags[each] !== undefined && flags[each] !== false,
  );
  if (name === undefined) return;
  throw usageFailure(`--${name} does not go with a STREAM that is there.`, `Leave out --${name}, or the STREAM.`);
}
