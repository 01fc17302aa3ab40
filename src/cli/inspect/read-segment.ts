import { readFile, stat } from "node:fs/promises";
import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow } from "../../client/operator-types.ts";
import { readSegment, type Segment, type SegmentReading } from "../../protocol/segment/segment.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { requireInputFile } from "../file-error.ts";
import { humanBytes } from "./units.ts";

/** Segments are far smaller, and one is read into memory whole. */
const FILE_MAX_BYTES = 256 * 1024 * 1024;

function damaged(what: string, problem: string): CommandFailure {
  return new CommandFailure({
    code: "SEGMENT_DAMAGED",
    message: `${what} is damaged: ${problem.replace(/\.$/, "")}.`,
    exitCode: EXIT.verification,
  });
}

function intact(reading: SegmentReading, what: string): Segment {
  if (reading.kind === "damaged") throw damaged(what, reading.problem);
  return reading.segment;
}

/** Reads and checks a segment file that lies on this machine. */
export async function readSegmentFile(file: string): Promise<SegmentReading> {
  await requireInputFile(file, "--file");
  const { size } = await stat(file);
  if (size > FILE_MAX_BYTES) {
    throw usageFailure(`${JSON.stringify(file)} has ${humanBytes(size)}, and no segment is as large as that.`);
  }
  return readSegment(await readFile(file));
}

/** A segment file that has to be whole. */
export async function requireSegmentFile(file: string): Promise<Segment> {
  return intact(await readSegmentFile(file), `The file ${file}`);
}

/** A sealed segment's content, checked. */
export async function fetchSegment(
  operator: OperatorClient,
  stream: string,
  row: SegmentRow,
  signal?: AbortSignal,
): Promise<Segment> {
  const object = await operator.segmentObject(stream, row.start, signal);
  const what = `Segment ${String(row.number)} (${row.key})`;
  if (object.kind === "object") return intact(await readSegment(object.bytes), what);
  throw new CommandFailure({
    code: object.kind === "missing" ? "SEGMENT_MISSING" : "SEGMENT_NOT_FOUND",
    message:
      object.kind === "missing"
        ? `${what} is in the stream's manifest, and not in the bucket.`
        : `${what} is no longer there: the stream was deleted meanwhile.`,
    exitCode: object.kind === "missing" ? EXIT.verification : EXIT.notFound,
  });
}
