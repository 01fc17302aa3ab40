import { string as stringArg } from "@oclif/core/args";
import { boolean, integer, string } from "@oclif/core/flags";
import { STREAMS_HEADING, streamRow } from "../cli/listing/stream-row.ts";
import { changeLine } from "../cli/listing/change-line.ts";
import { watchStreams } from "../cli/listing/watch-streams.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { parseDurationSeconds } from "../cli/duration.ts";
import { reportError } from "../cli/error-report.ts";
import { isFullScreenTerminal } from "../cli/full-screen.ts";
import type { StreamClient } from "../client/stream-client.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { ServerCommand } from "../cli/server-command.ts";
import type { DirectoryClient, ListOptions } from "../client/directory.ts";

export default class List extends ServerCommand {
  static override summary = "List the streams of a project.";
  static override description = `Names in the order of their bytes, one a line, as they come; memory stays the same however many there are.
--long asks every stream, and shows a table: type, tail, whether it is closed and public, when it was created and when it expires.
--json prints an object a line: {"path"}, and with --long all of it.
--watch goes on until Ctrl-C. On a terminal the list can be browsed: Enter shows a stream live, / filters, ? lists the keys. Else, or with --plain or --json, a line is printed for each stream that is there, and from then on for each that was added, changed or removed; with --json {"change","path"} and what the stream is. Every look asks each stream, as --long does; the list on a terminal asks only those on the screen.
It needs a durable-streams server: the protocol has no list of streams.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> orders/ --long",
    "<%= config.bin %> <%= command.id %> orders/ --watch",
    "<%= config.bin %> <%= command.id %> --json --long | jq -r 'select(.closed).path'",
  ];

  static override args = {
    prefix: stringArg({ ignoreStdin: true, description: "What the names begin with (default: all streams)." }),
  };

  static override flags = {
    prefix: string({ summary: "Another way to give PREFIX, as other commands take it.", helpValue: "PREFIX" }),
    long: boolean({ char: "l", summary: "Show what each stream is." }),
    limit: integer({ summary: "Print at most so many.", min: 1, helpValue: "N" }),
    watch: boolean({
      char: "w",
      summary: "Go on: a list to browse on a terminal, else what changes.",
      exclusive: ["limit", "long"],
    }),
    interval: string({
      summary: "With --watch: how long to wait between two looks.",
      helpValue: "DURATION",
      default: "2s",
    }),
    plain: boolean({ summary: "With --watch: print changes on a terminal too, for screen readers." }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(List);
    const intervalMs = parseInterval(flags.interval);
    const prefix = onePrefix(args.prefix, flags.prefix);
    const client = await this.connect(flags);
    const directory = client.directory(this.streamRoot(flags));
    const options: ListOptions = { prefix, limit: flags.limit, signal: this.interruptSignal() };
    if (flags.watch) {
      const isViewed = !flags.plain && flags.json !== true && isFullScreenTerminal();
      if (isViewed) await this.#browse(client, flags, prefix, intervalMs);
      else await this.#printChanges(directory, prefix, intervalMs, flags.json === true);
      return;
    }
    const output = openDataOutput();
    let count = 0;
    for await (const lines of pages(directory, options, flags)) {
      const heading = count === 0 && flags.long && flags.json !== true && lines.length > 0 ? STREAMS_HEADING : "";
      await output.write(`${heading}${lines.join("")}`);
      count += lines.length;
    }
    if (count === 0) this.notices.note(nothing(prefix, this.streamRoot(flags)));
  }

  async #printChanges(
    directory: DirectoryClient,
    prefix: string | undefined,
    intervalMs: number,
    isJson: boolean,
  ): Promise<void> {
    const output = openDataOutput();
    const onProblem = (error: unknown): void => {
      this.notices.note(`${reportError(error).message} The list is asked for again.`);
    };
    const signal = this.interruptSignal();
    for await (const changes of watchStreams(directory, { prefix, intervalMs, signal, onProblem })) {
      await output.write(changes.map((change) => changeLine(change, isJson)).join(""));
    }
  }

  async #browse(
    client: StreamClient,
    flags: Parameters<List["streamRoot"]>[0],
    prefix: string | undefined,
    intervalMs: number,
  ): Promise<void> {
    const root = this.streamRoot(flags);
    const directory = client.directory(root);
    // What fails on the first request belongs on the screen that stays.
    await directory.names({ prefix, limit: 1, signal: this.interruptSignal() }).next();
    const { runScenes } = await import("../screen/run-scenes.tsx");
    const { inspectionOf } = await import("../cli/inspect/inspection.ts");
    const { viewSources } = await import("../cli/reading/view-sources.ts");
    const { ListScene } = await import("../browse/list/list-scene.ts");
    const urlOf = (path: string): string => this.namedStreamUrl(flags, path);
    const scene = new ListScene({
      directory,
      root,
      prefix,
      intervalMs,
      sourcesOf: (path, signal) => viewSources(client, [{ name: path, url: urlOf(path) }], "recent", signal),
      inspectionOf: (path, signal) => inspectionOf(client, path, urlOf(path), signal),
    });
    await this.onScreen((options) => runScenes(scene, options));
  }
}

function onePrefix(argument: string | undefined, flag: string | undefined): string | undefined {
  if (argument === undefined || flag === undefined) return argument ?? flag;
  throw usageFailure("The prefix is given twice: as an argument and by --prefix.", "Leave out one of them.");
}

/** In milliseconds. */
function parseInterval(text: string): number {
  const seconds = parseDurationSeconds(text, "--interval");
  if (seconds > 0) return seconds * 1000;
  throw usageFailure("--interval 0s would leave the server no pause.", "The shortest is --interval 1s.");
}

/** What is printed of each page, a line for each stream. */
async function* pages(
  directory: DirectoryClient,
  options: ListOptions,
  { long, json }: { readonly long: boolean; readonly json?: boolean | undefined },
): AsyncGenerator<readonly string[]> {
  const isJson = json === true;
  if (!long) {
    for await (const names of directory.names(options)) {
      yield names.map((path) => (isJson ? `${JSON.stringify({ path })}\n` : `${path}\n`));
    }
    return;
  }
  for await (const streams of directory.streams(options)) {
    yield streams.map((stream) => (isJson ? `${JSON.stringify(stream)}\n` : streamRow(stream)));
  }
}

function nothing(prefix: string | undefined, root: string): string {
  return prefix === undefined
    ? `There are no streams at ${root}`
    : `No stream at ${root} has a name that begins with ${JSON.stringify(prefix)}`;
}
