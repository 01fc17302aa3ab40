import { formatOffset } from "../../protocol/offset.ts";
import { reportError } from "../error-report.ts";
import type { FileVerdict, Finding, Verification } from "./findings.ts";
import { describeSegment, readSegmentFile, type FileReading } from "./read-segment.ts";

export interface VerifyFilesOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Hears of each file that is intact, and what it holds. */
  readonly onIntact?: ((file: string, what: string) => void) | undefined;
}

/** What reading it came to; a file that is missing or no file must not keep the others from being checked. */
async function tryFile(file: string): Promise<FileReading | { readonly kind: "unreadable"; readonly message: string }> {
  try {
    return await readSegmentFile(file);
  } catch (error) {
    const { message, unexpected } = reportError(error);
    if (unexpected) throw error;
    return { kind: "unreadable", message };
  }
}

/** Checks segment files by themselves, one after the other: what they say of each other nobody here knows. */
export async function verifyFiles(
  names: readonly string[],
  { onProgress, onIntact }: VerifyFilesOptions = {},
): Promise<Verification> {
  const findings: Finding[] = [];
  const files: FileVerdict[] = [];
  let segments = 0;
  let messages = 0;
  let bytes = 0;
  for (const [i, file] of names.entries()) {
    const reading = await tryFile(file);
    if (reading.kind === "segment" || reading.kind === "damaged") segments++;
    files.push(verdict(file, reading));
    if (reading.kind === "segment") {
      messages += reading.segment.messages;
      bytes += reading.segment.bytes;
      onIntact?.(file, describeSegment(reading.segment));
    } else {
      findings.push(finding(file, reading));
    }
    onProgress?.(i + 1, names.length);
  }
  return { ok: findings.length === 0, segments, messages, bytes, findings, files };
}

type Unsound = Exclude<Awaited<ReturnType<typeof tryFile>>, { readonly kind: "segment" }>;

function finding(file: string, reading: Unsound): Finding {
  switch (reading.kind) {
    case "unreadable":
      return { code: "FILE_UNREADABLE", file, message: reading.message };
    case "no-segment":
      return { code: "NOT_A_SEGMENT", file, message: `The file ${file} is no segment: ${reading.problem}.` };
    case "damaged":
      return {
        code: "SEGMENT_CORRUPT",
        file,
        message: `The file ${file} is damaged: ${reading.problem.replace(/\.$/, "")}.`,
      };
  }
}

function verdict(file: string, reading: Awaited<ReturnType<typeof tryFile>>): FileVerdict {
  if (reading.kind !== "segment") return { file, ok: false };
  const { stream, incarnation, contentType, start, end, messages, bytes } = reading.segment;
  const range = { start: formatOffset(start), end: formatOffset(end) };
  return { file, ok: true, stream, incarnation, contentType, ...range, messages, bytes };
}
