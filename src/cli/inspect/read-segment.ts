import { readFile, stat } from "node:fs/promises";
import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow } from "../../client/operator-types.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { FOOTER_BYTES, SEGMENT_MAGIC } from "../../protocol/segment/footer.ts";
import { readSegment, type Segment, type SegmentReading } from "../../protocol/segment/segment.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { requireInputFile } from "../file-error.ts";
import { counted, humanBytes } from "../../client/figures.ts";

/** Segments are far smaller, and one is read into memory whole. */
const FILE_MAX_BYTES = 256 * 1024 * 1024;

function damaged(what: string, problem: string): CommandFailure {
  return new CommandFailure({
    code: "SEGMENT_CORRUPT",
    message: `${what} is damaged: ${problem.replace(/\.$/, "")}.`,
    exitCode: EXIT.verification,
  });
}

function intact(reading: SegmentReading, what: string): Segment {
  if (reading.kind === "damaged") throw damaged(what, reading.problem);
  return reading.segment;
}

/** What a file holds that is said to be a segment. */
export type FileReading = SegmentReading | { readonly kind: "no-segment"; readonly problem: string };

const MAGIC = Buffer.from(SEGMENT_MAGIC);

/** Whether it ends like a segment; whatever else is wrong with it then is damage. */
function endsLikeSegment(bytes: Uint8Array): boolean {
  const footer = bytes.subarray(-FOOTER_BYTES);
  return MAGIC.equals(footer.subarray(0, MAGIC.byteLength));
}

/** Reads and checks a segment file that lies on this machine. */
export async function readSegmentFile(file: string): Promise<FileReading> {
  await requireInputFile(file, "--file");
  const { size } = await stat(file);
  if (size > FILE_MAX_BYTES) {
    return { kind: "no-segment", problem: `it has ${humanBytes(size)}, and no segment is as large as that` };
  }
  const bytes = await readFile(file);
  const reading = await readSegment(bytes);
  if (reading.kind === "segment" || endsLikeSegment(bytes)) return reading;
  return { kind: "no-segment", problem: "it does not end like one, and may be one that is cut off" };
}

/** A segment file that has to be whole. */
export async function requireSegmentFile(file: string): Promise<Segment> {
  const reading = await readSegmentFile(file);
  if (reading.kind !== "no-segment") return intact(reading, `The file ${file}`);
  throw new CommandFailure({
    code: "NOT_A_SEGMENT",
    message: `The file ${file} is no segment: ${reading.problem}.`,
    exitCode: EXIT.verification,
  });
}

/** A sealed segment's object as it lies in the bucket, unchecked. */
export async function fetchObject(
  operator: OperatorClient,
  stream: string,
  row: SegmentRow,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const object = await operator.segmentObject(stream, row.start, signal);
  if (object.kind === "object") return object.bytes;
  const isMissing = object.kind === "missing";
  throw new CommandFailure({
    code: isMissing ? "SEGMENT_MISSING" : "SEGMENT_NOT_FOUND",
    message: isMissing
      ? `${nameOf(row)} is in the stream's manifest, and not in the bucket.`
      : `${nameOf(row)} is no longer there: the stream was deleted meanwhile.`,
    exitCode: isMissing ? EXIT.verification : EXIT.notFound,
  });
}

/** What an object holds, checked. */
export async function openObject(row: SegmentRow, object: Uint8Array): Promise<Segment> {
  return intact(await readSegment(object), nameOf(row));
}

function nameOf({ number, key }: SegmentRow): string {
  return visibleLine(`Segment ${String(number)} (${key})`);
}

/** Whose a segment is, and which part. */
export function describeSegment({ stream, incarnation, contentType, start, end, messages, bytes }: Segment): string {
  const range = `${formatOffset(start)} to ${formatOffset(end)}`;
  return visibleLine(
    `${stream}, incarnation ${incarnation}, ${contentType}: ${range}, ${counted(messages, "message")}, ${humanBytes(bytes)}`,
  );
}
