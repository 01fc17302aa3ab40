import { string as stringArg } from "@oclif/core/args";
import { boolean, integer } from "@oclif/core/flags";
import { STREAMS_HEADING, streamRow } from "../cli/listing/stream-row.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { ServerCommand } from "../cli/server-command.ts";
import type { DirectoryClient, ListOptions } from "../client/directory.ts";

export default class List extends ServerCommand {
  static override summary = "List the streams of a project.";
  static override description = `Names in the order of their bytes, one a line, as they come; memory stays the same however many there are.
--long asks every stream, and shows a table: type, tail, whether it is closed and public, when it was created and when it expires.
--json prints an object a line: {"path"}, and with --long all of it.
It needs a durable-streams server: the protocol has no list of streams.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> orders/ --long",
    "<%= config.bin %> <%= command.id %> --json --long | jq -r 'select(.closed).path'",
  ];

  static override args = {
    prefix: stringArg({ ignoreStdin: true, description: "What the names begin with (default: all streams)." }),
  };

  static override flags = {
    long: boolean({ char: "l", summary: "Show what each stream is." }),
    limit: integer({ summary: "Print at most so many.", min: 1, helpValue: "N" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(List);
    const client = await this.connect(flags);
    const directory = client.directory(this.streamRoot(flags));
    const options: ListOptions = { prefix: args.prefix, limit: flags.limit, signal: this.interruptSignal() };
    const output = openDataOutput();
    let count = 0;
    for await (const lines of pages(directory, options, flags)) {
      const heading = count === 0 && flags.long && flags.json !== true && lines.length > 0 ? STREAMS_HEADING : "";
      await output.write(`${heading}${lines.join("")}`);
      count += lines.length;
    }
    if (count === 0) this.notices.note(nothing(args.prefix, this.streamRoot(flags)));
  }
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
