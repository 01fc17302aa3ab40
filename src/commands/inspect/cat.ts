import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { findSegment, parseSegmentChoice } from "../../cli/inspect/find-segment.ts";
import { fetchSegment, requireSegmentFile } from "../../cli/inspect/read-segment.ts";
import { SEGMENT_FORMATS, segmentRecords, type SegmentFormat } from "../../cli/inspect/segment-records.ts";
import { usageFailure } from "../../cli/command-failure.ts";
import { openDataOutput } from "../../cli/reading/data-output.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { contentKind } from "../../protocol/content-type.ts";
import type { Segment } from "../../protocol/segment/segment.ts";

export default class InspectCat extends ServerCommand {
  static override summary = "Print the messages of one segment, checked.";

  static override description = `SEGMENT is a segment's number, as inspect segments shows it; OFFSET is any offset inside it.
  raw     the payload as it lies in the segment: JSON messages with commas between them, other messages one after another
  ndjson  a line a message: JSON messages as they are, others as {"offset","message"}, or {"offset","base64"} where they are not text
Default on a JSON stream: ndjson. On any other: raw. --offsets and --json make every line an object with offset and appendedAt.
Messages that are still in the hot log are printed by read --offset.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders 17",
    "<%= config.bin %> <%= command.id %> orders 0000000000000000_0000000000001042 --offsets",
    "<%= config.bin %> <%= command.id %> --file 0000000000000000-0000000000001000.seg",
  ];

  static override args = {
    stream: stringArg({ ignoreStdin: true, description: "The stream's name, or its whole URL." }),
    segment: stringArg({ ignoreStdin: true, description: "The segment's number, or an offset inside it." }),
  };

  static override flags = {
    file: string({ summary: "Read a segment from this file, without any server.", helpValue: "FILE" }),
    format: string({ summary: "How to print.", options: [...SEGMENT_FORMATS], exclusive: ["json"] }),
    offsets: boolean({ summary: "Print each message's offset and append time with it." }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(InspectCat);
    if (flags.offsets && flags.format === "raw") {
      throw usageFailure("--offsets has no place in --format raw, which is the payload alone.", "Use --format ndjson.");
    }
    const withOffsets = flags.offsets || flags.json === true;
    const segment =
      flags.file === undefined
        ? await this.#fromServer(args.stream, args.segment, flags)
        : await fromFile(flags.file, args.stream);
    const asked = SEGMENT_FORMATS.find((each) => each === flags.format);
    const byDefault: SegmentFormat = withOffsets || contentKind(segment.contentType) === "json" ? "ndjson" : "raw";
    const output = openDataOutput();
    for (const piece of segmentRecords(segment, { format: asked ?? byDefault, withOffsets })) await output.write(piece);
  }

  async #fromServer(
    name: string | undefined,
    segment: string | undefined,
    flags: Parameters<InspectCat["connect"]>[0],
  ): Promise<Segment> {
    if (name === undefined || segment === undefined) {
      throw usageFailure(
        `${name === undefined ? "inspect cat needs STREAM and SEGMENT, or --file FILE" : "inspect cat needs SEGMENT, a number or an offset, after STREAM"}.`,
        `See: ${this.config.bin} inspect cat --help`,
      );
    }
    const choice = parseSegmentChoice(segment);
    const url = this.streamUrl(flags, name);
    const { operator } = await this.connect(flags);
    const signal = this.interruptSignal();
    const row = await findSegment(operator, url, choice, { name, bin: this.config.bin, signal });
    return fetchSegment(operator, url, row, signal);
  }
}

function fromFile(file: string, stream: string | undefined): Promise<Segment> {
  if (stream === undefined) return requireSegmentFile(file);
  throw usageFailure(
    `--file ${JSON.stringify(file)} is a segment itself: it takes no STREAM.`,
    "Leave one of them out.",
  );
}
