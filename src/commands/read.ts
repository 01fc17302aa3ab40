import { string as stringArg } from "@oclif/core/args";
import { integer, string } from "@oclif/core/flags";
import type { PageHead } from "../client/catch-up.ts";
import { usageFailure } from "../cli/command-failure.ts";
import { openDataOutput } from "../cli/reading/data-output.ts";
import { printBatches, requireRecords } from "../cli/reading/print-stream.ts";
import { FORMATS } from "../cli/reading/record-format.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { noOffset, requireOffsetText } from "../cli/wire-values.ts";
import { parseOffset } from "../protocol/offset.ts";

export default class Read extends ServerCommand {
  static override summary = "Print what a stream holds, up to its present end, and exit.";

  static override description = `Bytes come out as they went in. --format says how:
  raw     bytes as they are; JSON messages verbatim, each with a line end
  ndjson  a message a line: JSON verbatim, text lines as strings, other bytes as base64 strings
  json    all of them in one JSON array
Default on a JSON stream: ndjson. On any other: raw.
--json prints an object a line: {"stream","message"} (or "base64") for each message and {"stream","nextOffset","upToDate","closed"} where an offset is known.
On a terminal control characters are shown instead of obeyed.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders --offset 0000000000000000_0000000000000042 -n 10",
    "<%= config.bin %> <%= command.id %> orders --format json | jq length",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    offset: string({ summary: "Start here (default: the beginning).", helpValue: "OFFSET" }),
    "until-offset": string({ summary: "End before this offset (default: the present end).", helpValue: "OFFSET" }),
    count: integer({ char: "n", summary: "Print at most so many messages, or lines of text.", min: 0 }),
    format: string({ summary: "How to print.", options: [...FORMATS], exclusive: ["json"] }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Read);
    const untilOffset = flags["until-offset"];
    if (untilOffset === "now" || untilOffset === "-1") {
      throw usageFailure(
        `--until-offset ${untilOffset} is not an offset.`,
        "Leave it out to read up to the present end.",
      );
    }
    if (flags.offset !== undefined) requireOffsetText(flags.offset, "--offset");
    if (untilOffset !== undefined) requireOffsetText(untilOffset, "--until-offset");
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags);
    const signal = this.interruptSignal();
    const limit = flags.count;
    if (limit !== undefined) requireRecords((await client.describe(url, signal)).contentType, "-n");
    if (limit === 0) return;
    const format = flags.json ? "events" : FORMATS.find((each) => each === flags.format);
    const onPage = ({ nextOffset }: PageHead): void => {
      requireComparable(untilOffset, nextOffset);
    };
    const batches = client.catchUp(url, { offset: flags.offset, untilOffset, signal, onPage });
    await printBatches(batches, { url, format, output: openDataOutput(), limit });
  }
}

/** Where an end is told by comparing texts, one that is no offset of the server would be the end of nothing, or of all. */
function requireComparable(untilOffset: string | undefined, given: string): void {
  if (untilOffset === undefined || parseOffset(given) === undefined || parseOffset(untilOffset) !== undefined) return;
  throw noOffset(untilOffset, "--until-offset", `Offsets of this server look like ${given}.`);
}
