import type { SegmentObject } from "../../client/operator.ts";
import type { SegmentRow } from "../../client/operator-types.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { readSegment, type Segment } from "../../protocol/segment/segment.ts";
import type { Finding, FindingCode } from "./findings.ts";

/** What every segment of a stream says of itself. */
export interface SegmentOwner {
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
}

type Comparison = readonly (readonly [what: string, inSegment: string | number, expected: string | number])[];

function differences(comparison: Comparison): string {
  return comparison
    .filter(([, is, expected]) => is !== expected)
    .map(([what, is, expected]) => `${what} is ${String(is)}, not ${String(expected)}`)
    .join("; ");
}

/** What the descriptor says, against the stream and the stream's manifest. */
function compare(segment: Segment, row: SegmentRow, owner: SegmentOwner): readonly (readonly [FindingCode, string])[] {
  const other = differences([
    ["its stream", segment.stream, owner.stream],
    ["its incarnation", segment.incarnation, owner.incarnation],
    ["its content type", segment.contentType, owner.contentType],
  ]);
  const mismatch = differences([
    ["its start", formatOffset(segment.start), row.start],
    ["its end", formatOffset(segment.end), row.end],
    ["its number of messages", segment.messages, row.messages],
    ["its number of payload bytes", segment.bytes, row.bytes],
  ]);
  return [
    ...(other === "" ? [] : [["OTHER_STREAM", `is another stream's: ${other}`] as const]),
    ...(mismatch === "" ? [] : [["MANIFEST_MISMATCH", `differs from the manifest: ${mismatch}`] as const]),
  ];
}

/** Everything that is wrong with one sealed segment, given its row of the manifest and what the bucket holds for it. */
export async function checkSegment(
  row: SegmentRow,
  object: SegmentObject,
  owner: SegmentOwner,
): Promise<readonly Finding[]> {
  const { number, key, objectBytes } = row;
  const finding = (code: FindingCode, what: string): Finding => ({
    code,
    number,
    key,
    message: `Segment ${String(number)} (${key}) ${what}.`,
  });
  if (object.kind === "missing") return [finding("SEGMENT_MISSING", "is not in the bucket")];
  if (object.kind === "not-sealed") {
    return [finding("MANIFEST_MISMATCH", "is in the manifest, and the server finds no segment where it begins")];
  }
  const findings: Finding[] = [];
  const { byteLength } = object.bytes;
  if (byteLength !== objectBytes) {
    findings.push(
      finding("SIZE_MISMATCH", `has ${String(byteLength)} bytes, and the manifest says ${String(objectBytes)}`),
    );
  }
  const reading = await readSegment(object.bytes);
  if (reading.kind === "damaged") {
    return [...findings, finding("SEGMENT_CORRUPT", `is damaged: ${reading.problem.replace(/\.$/, "")}`)];
  }
  return [...findings, ...compare(reading.segment, row, owner).map(([code, what]) => finding(code, what))];
}
