import { string as stringArg } from "@oclif/core/args";
import { ServerCommand } from "../cli/server-command.ts";
import { writeOutput } from "../cli/standard-output.ts";
import type { StreamDescription } from "../client/operations.ts";
import { visibleText } from "../client/visible-text.ts";

export default class Describe extends ServerCommand {
  static override summary = "Show what a stream is and where its tail stands, without reading it.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders --json",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Describe);
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags);
    const description = await client.describe(url);
    if (!flags.json) await writeOutput(table(url, description));
    return { stream: url, ...description };
  }
}

function table(url: string, description: StreamDescription): string {
  const { contentType, nextOffset, closed, ttlSeconds, expiresAt } = description;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["stream", url],
    ["content type", contentType],
    ["next offset", nextOffset],
    ["state", closed ? "closed" : "open"],
    ["time to live", ttlSeconds === undefined ? undefined : `${String(ttlSeconds)} s since the last read or write`],
    ["expires at", expiresAt],
  ];
  return rows
    .map(([name, value]) => (value === undefined ? "" : `${name.padEnd(13)} ${visibleText(value)}\n`))
    .join("");
}
