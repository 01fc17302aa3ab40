import type { Finding, Verification } from "./findings.ts";
import { readSegmentFile } from "./read-segment.ts";

/** Checks segment files by themselves, one after the other: what they say of each other nobody here knows. */
export async function verifyFiles(
  files: readonly string[],
  onProgress?: (done: number, total: number) => void,
): Promise<Verification> {
  const findings: Finding[] = [];
  let messages = 0;
  let bytes = 0;
  for (const [i, file] of files.entries()) {
    const reading = await readSegmentFile(file);
    if (reading.kind === "segment") {
      messages += reading.segment.messages;
      bytes += reading.segment.bytes;
    } else {
      const message = `The file ${file} is damaged: ${reading.problem.replace(/\.$/, "")}.`;
      findings.push({ code: "SEGMENT_DAMAGED", file, message });
    }
    onProgress?.(i + 1, files.length);
  }
  return { ok: findings.length === 0, segments: files.length, messages, bytes, findings };
}
