import { basename } from "node:path";
import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { findSegment, parseSegmentChoice } from "../../cli/inspect/find-segment.ts";
import { describeSegment, fetchObject, openObject, requireSegmentFile } from "../../cli/inspect/read-segment.ts";
import { SEGMENT_FORMATS, segmentRecords, type SegmentFormat } from "../../cli/inspect/segment-records.ts";
import { isFullScreenTerminal } from "../../cli/full-screen.ts";
import { usageFailure } from "../../cli/command-failure.ts";
import { requireFileName } from "../../cli/file-error.ts";
import { openDataOutput } from "../../cli/reading/data-output.ts";
import { ServerCommand } from "../../cli/server-command.ts";
import { writeOutput } from "../../cli/standard-output.ts";
import { contentKind } from "../../protocol/content-type.ts";
import type { Segment } from "../../protocol/segment/segment.ts";

/** The whole object, where the other formats are of what is in it. */
const OBJECT = "segment";

export default class InspectCat extends ServerCommand {
  static override summary = "Print the messages of one segment, checked.";

  static override description = `SEGMENT is a segment's number, as inspect segments shows it, counted from 0; OFFSET is any offset inside it.
  raw     the payload as it lies in the segment: JSON messages with commas between them, other messages one after another
  ndjson  a line a message: JSON messages as they are, others as {"offset","message"}, or {"offset","base64"} where they are not text
  segment the object itself, as it lies in the bucket: what --file reads
Default on a JSON stream: ndjson. On any other: raw. --offsets and --json make every line an object with offset and appendedAt.
On a terminal they are shown in the message view of tail (? lists its keys, q leaves); --plain, --format, --offsets, --json, or output into a pipe print them.
Messages that are still in the hot log are printed by read --offset.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders 17",
    "<%= config.bin %> <%= command.id %> jobs 0000000000000000_0000000000001042 --offsets",
    "<%= config.bin %> <%= command.id %> orders 17 --format segment > 17.seg",
    "<%= config.bin %> <%= command.id %> --file 17.seg",
  ];

  static override args = {
    stream: stringArg({ ignoreStdin: true, description: "The stream's name, or its whole URL." }),
    "segment|offset": stringArg({
      ignoreStdin: true,
      description: "The segment's number, counted from 0, or an offset inside it.",
    }),
  };

  static override flags = {
    file: string({ summary: "Read a segment from this file, without any server.", helpValue: "FILE" }),
    format: string({ summary: "How to print.", options: [...SEGMENT_FORMATS, OBJECT], exclusive: ["json"] }),
    plain: boolean({ summary: "Print on a terminal too: for screen readers, and to copy from." }),
    offsets: boolean({ summary: "Print each message's offset and append time with it." }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(InspectCat);
    if (flags.offsets && (flags.format === "raw" || flags.format === OBJECT)) {
      const what = flags.format === "raw" ? "the payload alone" : "the object as it is";
      throw usageFailure(
        `--offsets has no place in --format ${flags.format}, which is ${what}.`,
        "Use --format ndjson.",
      );
    }
    requireFileName(flags.file, "--file");
    if (flags.format === OBJECT) requireObjectOutput(flags.file);
    const withOffsets = flags.offsets || flags.json === true;
    const segment =
      flags.file === undefined
        ? await this.#fromServer(args.stream, args["segment|offset"], flags)
        : await this.#fromFile(flags.file, args.stream);
    if (flags.format === OBJECT) return;
    const isPlain = flags.plain || withOffsets || flags.format !== undefined;
    if (!isPlain && isFullScreenTerminal()) {
      await this.#view(
        segment,
        flags.file === undefined
          ? `${args.stream ?? ""} segment ${args["segment|offset"] ?? ""}`
          : basename(flags.file),
      );
      return;
    }
    const asked = SEGMENT_FORMATS.find((each) => each === flags.format);
    const byDefault: SegmentFormat = withOffsets || contentKind(segment.contentType) === "json" ? "ndjson" : "raw";
    const output = openDataOutput();
    for (const piece of segmentRecords(segment, { format: asked ?? byDefault, withOffsets })) await output.write(piece);
  }

  async #view(segment: Segment, name: string): Promise<void> {
    const { runScenes } = await import("../../screen/run-scenes.tsx");
    const { StillScene } = await import("../../tail/still-scene.ts");
    const { segmentContent } = await import("../../browse/segment-content.ts");
    await this.onScreen((options) => runScenes(new StillScene(segmentContent(segment, name)), options));
  }

  async #fromServer(name: string | undefined, segment: string | undefined, flags: Flags): Promise<Segment> {
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
    const object = await fetchObject(operator, url, row, signal);
    // A damaged one is printed too: whoever asks for the object may want to see why.
    if (flags.format === OBJECT) await writeOutput(object);
    return openObject(row, object);
  }

  async #fromFile(file: string, stream: string | undefined): Promise<Segment> {
    if (stream !== undefined) {
      throw usageFailure(
        `--file ${JSON.stringify(file)} is a segment itself: it takes no STREAM.`,
        "Leave one of them out.",
      );
    }
    const segment = await requireSegmentFile(file);
    this.notices.note(`Segment of ${describeSegment(segment)}`);
    return segment;
  }
}

type Flags = Parameters<InspectCat["connect"]>[0] & { readonly format?: string | undefined };

/** The object is for a file. */
function requireObjectOutput(file: string | undefined): void {
  if (file !== undefined) throw usageFailure("--format segment has no place beside --file: the file is the segment.");
  if (!process.stdout.isTTY) return;
  throw usageFailure("--format segment is no text for a terminal.", "Write it to a file: ... --format segment > FILE");
}
