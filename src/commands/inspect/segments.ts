import { string as stringArg } from "@oclif/core/args";
import { string } from "@oclif/core/flags";
import { requireOffset, whyNoSegments } from "../../cli/inspect/find-segment.ts";
import { keyPrefix, SegmentTable, terminalColumns } from "../../cli/inspect/segment-table.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";

export default class InspectSegments extends ServerCommand {
  static override summary = "List all segments of a stream.";

  static override description = `A line a segment, as they come, however many there are. --json prints an object a line.
AGE is the time since the segment's newest message was appended. OBJECT is the key below the prefix that inspect shows; with --json the whole key.
On a terminal that is too narrow START and END are the offsets' last digits, and OBJECT is left out.`;

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
    const from = flags.from === undefined ? undefined : requireOffset(flags.from, "--from");
    const url = this.streamUrl(flags, args.stream);
    const { operator } = await this.connect(flags);
    const signal = this.interruptSignal();
    const nowMs = Date.now();
    const table = new SegmentTable(terminalColumns());
    let prefix: string | undefined;
    for await (const { segments } of operator.segmentPages(url, { from }, signal)) {
      const [first] = segments;
      if (first === undefined) continue;
      if (prefix === undefined && !flags.json) await writeOutput(table.heading);
      const common = (prefix ??= keyPrefix(first.key));
      await writeOutput(
        segments.map((row) => (flags.json ? `${JSON.stringify(row)}\n` : table.row(row, common, nowMs))).join(""),
      );
    }
    if (prefix !== undefined) return;
    const why = whyNoSegments(await operator.map(url, signal), from);
    if (!flags.json) this.notices.note(why);
  }
}
