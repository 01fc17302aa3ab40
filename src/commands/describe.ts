import { string as stringArg } from "@oclif/core/args";
import { ServerCommand } from "../cli/server-command.ts";
import { writeOutput } from "../cli/standard-output.ts";
import { forkSummary } from "../cli/inspect/fork-lines.ts";
import { linesOf } from "../cli/table.ts";
import type { StreamDescription } from "../client/operations.ts";
import type { StreamMap } from "../client/operator-types.ts";

/** What only a durable-streams server tells is not waited for longer. */
const GLANCE_MS = 3_000;

export default class Describe extends ServerCommand {
  static override summary = "Show what a stream is and where its tail stands, without reading it.";
  static override description =
    "Of a durable-streams server whose operator API is open, it also shows what the stream was forked from and which forks it has.";
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
    const map = await client.operator.glance(url, GLANCE_MS);
    if (!flags.json) await writeOutput(table(url, description, map));
    const { fork, forks } = map ?? {};
    return { stream: url, ...description, fork, forks };
  }
}

function table(url: string, description: StreamDescription, map: StreamMap | undefined): string {
  const { contentType, nextOffset, closed, ttlSeconds, expiresAt } = description;
  return linesOf([
    ["stream", url],
    ["content type", contentType],
    ["next offset", nextOffset],
    ["state", closed ? "closed" : "open"],
    ["time to live", ttlSeconds === undefined ? undefined : `${String(ttlSeconds)} s since the last read or write`],
    ["expires at", expiresAt],
    ...(map === undefined ? [] : forkSummary(map)),
  ]);
}
