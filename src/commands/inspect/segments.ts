import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { keyPrefix, SEGMENT_HEADING, segmentLine } from "../../cli/inspect/segment-table.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";

export default class InspectSegments extends ServerCommand {
  static override summary = "List all segments of a stream.";

  static override description = `A line a segment, as they come, however many there are. --json prints an object a line.
OBJECT is the key below the prefix that inspect shows; with --json the whole key.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders --json | jq -r .key",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    from: string({ summary: "Begin with the segment that holds this offset.", helpValue: "OFFSET" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(InspectSegments);
    const url = this.streamUrl(flags, args.stream);
    const { operator } = await this.connect(flags);
    const nowMs = Date.now();
    let prefix: string | undefined;
    for await (const { segments } of operator.segmentPages(url, { from: flags.from }, this.interruptSignal())) {
      if (flags.json) {
        await writeOutput(segments.map((row) => `${JSON.stringify(row)}\n`).join(""));
        continue;
      }
      const heading = prefix === undefined && segments.length > 0 ? SEGMENT_HEADING : "";
      prefix ??= segments[0] === undefined ? undefined : keyPrefix(segments[0].key);
      await writeOutput(heading + segments.map((row) => segmentLine(row, prefix ?? "", nowMs)).join(""));
    }
    if (prefix === undefined && !flags.json) {
      this.notices.note("Nothing is sealed yet: all messages are in the hot log.");
    }
  }
}
