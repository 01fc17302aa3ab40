import { string as stringArg } from "@oclif/core/args";
import { boolean } from "@oclif/core/flags";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import type { EdgeSegments } from "../../cli/inspect/edge-segments.ts";
import { edgeSegments } from "../../cli/inspect/edge-segments.ts";
import { inspectionOf } from "../../cli/inspect/inspection.ts";
import { isFullScreenTerminal } from "../../cli/full-screen.ts";
import { keyPrefix, SegmentTable, terminalColumns } from "../../cli/inspect/segment-table.ts";
import { streamTable } from "../../cli/inspect/stream-table.ts";
import { counted } from "../../client/figures.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import type { ErrorReport } from "../../cli/report.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { mistypedCommand } from "../../cli/unknown-command.ts";

export default class Inspect extends ServerCommand {
  static override summary = "Show how a stream is kept: hot log, segments, sealing, readers and producers.";

  static override description = `New messages are in the hot log; older ones are sealed into segments, objects in the bucket that never change. On a terminal it is a bar of segments and hot log to browse (? lists the keys, Enter shows messages, q leaves); --plain, --json, or output into a pipe print it.
Of many segments the first and last few are shown; --json has all of them. On a terminal that is too narrow START and END are the offsets' last digits, and OBJECT is left out. AGE is the time since the segment's newest message was appended.
Of a fork, messages, bytes and segments are its own; what it inherits lies with the streams that "inherits" names.
It needs a durable-streams server whose operator API is open, as that of dev is.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders",
    "<%= config.bin %> <%= command.id %> orders --json | jq .hot.messages",
    "<%= config.bin %> <%= command.id %> verify orders",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    plain: boolean({ summary: "Print on a terminal too: for screen readers, and to copy from." }),
  };

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Inspect);
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags);
    const { operator } = client;
    const signal = this.interruptSignal();
    if (!flags.json && !flags.plain && isFullScreenTerminal()) {
      await this.#browse(await inspectionOf(client, args.stream, url, signal));
      return undefined;
    }
    const map = await operator.map(url, signal);
    if (flags.json) {
      const list: SegmentRow[] = [];
      for await (const { segments } of operator.segmentPages(url, {}, signal)) list.push(...segments);
      return { ...map, url, segments: { ...map.segments, list } };
    }
    await this.#print(args.stream, url, map, await edgeSegments(operator, url, map, signal));
    return undefined;
  }

  async #browse(inspection: Awaited<ReturnType<typeof inspectionOf>>): Promise<void> {
    const { runScenes } = await import("../../screen/run-scenes.tsx");
    const { InspectScene } = await import("../../browse/inspect/inspect-scene.ts");
    await this.onScreen((options) => runScenes(new InspectScene(inspection), options));
  }

  /** With two words the first one may be a command below this one that was mistyped. */
  protected override report(error: unknown): ErrorReport {
    const report = super.report(error);
    const [word, more] = this.argv.filter((each) => !each.startsWith("-"));
    if (report.exitCode !== EXIT.usage || word === undefined || more === undefined) return report;
    const mistyped = mistypedCommand("inspect", word, this.config.commandIDs, this.config.bin);
    return mistyped === undefined ? report : super.report(mistyped);
  }

  async #print(name: string, url: string, map: StreamMap, { first, between, last }: EdgeSegments): Promise<void> {
    const nowMs = Date.now();
    const prefix = first[0] === undefined ? undefined : keyPrefix(first[0].key);
    await writeOutput(streamTable(url, map, prefix, nowMs));
    if (first.length === 0) return;
    const table = new SegmentTable(terminalColumns());
    const lines = (rows: readonly SegmentRow[]): string =>
      rows.map((row) => table.row(row, prefix ?? "", nowMs)).join("");
    const gap =
      between === 0
        ? ""
        : `… ${counted(between, "segment")} between; all: ${this.config.bin} inspect segments ${name}\n`;
    await writeOutput(`\n${table.heading}${lines(first)}${gap}${lines(last)}`);
  }
}
