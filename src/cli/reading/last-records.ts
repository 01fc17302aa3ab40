import type { StreamBatch } from "../../client/stream-batch.ts";
import { RecordSplitter } from "./record-splitter.ts";

/**
 * Reads to the present end and keeps only the last records, as one batch. No server is asked for "the last ten", since the
 * protocol has no such question: offsets are opaque (section 8). Memory holds no more than the records that are kept.
 */
export async function lastRecords(
  batches: AsyncIterable<StreamBatch>,
  count: number,
): Promise<StreamBatch | undefined> {
  let splitter: RecordSplitter | undefined;
  let kept: Uint8Array[] = [];
  let last: StreamBatch | undefined;
  const keep = (records: readonly Uint8Array[]): void => {
    // Copies, so that a kept line does not hold on to the whole piece it came in.
    for (const record of records.slice(-count)) kept.push(Uint8Array.from(record));
    if (kept.length > 2 * count) kept = kept.slice(-count);
  };
  for await (const batch of batches) {
    splitter ??= new RecordSplitter(batch.kind);
    keep(splitter.push(batch.pieces));
    last = batch;
  }
  if (last === undefined || splitter === undefined) return undefined;
  // An unfinished last line counts as one: it is printed, and goes on with what follows.
  keep(splitter.end());
  return { ...last, pieces: count === 0 ? [] : kept.slice(-count) };
}
