import type { ContentKind } from "../../protocol/content-type.ts";
import { joinPayloads, positionCount, separatorBytes, type MessageBatch } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import { encodedSizeBytes } from "../../protocol/sizes.ts";

/** Consecutive messages that are stored together: one row of the log. */
export interface Run extends MessageBatch {
  readonly start: Position;
  readonly positions: number;
}

/**
 * Lays batches that are committed together into as few runs as possible, so that appends which arrive at the same time
 * share a row. What a run takes in its row, payload and sizes together, stays within `maxBytes` unless a single message
 * is larger: the limit of a row is one of all its columns.
 */
export function planRuns(
  kind: ContentKind,
  start: Position,
  batches: readonly MessageBatch[],
  maxBytes: number,
): Run[] {
  const [only] = batches;
  if (only !== undefined && batches.length === 1 && batchBytes(kind, only) <= maxBytes) {
    return only.sizes.length === 0 ? [] : [{ ...only, start, positions: positionCount(kind, only) }];
  }
  const runs: Run[] = [];
  let position = start;
  let open: MessageBatch[] = [];
  let openBytes = 0;

  function seal(): void {
    if (open.length === 0) return;
    const payload = joinPayloads(
      kind,
      open.map((part) => part.payload),
    );
    const batch = { payload, sizes: open.flatMap((part) => part.sizes) };
    const positions = positionCount(kind, batch);
    runs.push({ ...batch, start: position, positions });
    position += positions;
    open = [];
    openBytes = 0;
  }

  for (const part of batches.flatMap((batch) => cutBatch(kind, batch, maxBytes))) {
    const bytes = batchBytes(kind, part);
    if (openBytes + bytes > maxBytes) seal();
    open.push(part);
    openBytes += bytes;
  }
  seal();
  return runs;
}

/** What a message takes in a row: its bytes, the separator before the next one, and its entry among the sizes. */
function messageBytes(kind: ContentKind, size: number): number {
  return size + separatorBytes(kind) + encodedSizeBytes(size);
}

function batchBytes(kind: ContentKind, batch: MessageBatch): number {
  return batch.sizes.reduce((sum, size) => sum + messageBytes(kind, size), 0);
}

/** Cuts a batch at message boundaries into pieces within `maxBytes`; most batches are one piece and stay as they are. */
function cutBatch(kind: ContentKind, batch: MessageBatch, maxBytes: number): MessageBatch[] {
  if (batch.sizes.length === 0) return [];
  if (batch.sizes.length === 1 || batchBytes(kind, batch) <= maxBytes) return [batch];
  const separator = separatorBytes(kind);
  const pieces: MessageBatch[] = [];
  let first = 0;
  let from = 0;
  let at = 0;
  let pieceBytes = 0;
  for (const [i, size] of batch.sizes.entries()) {
    const bytes = messageBytes(kind, size);
    if (i > first && pieceBytes + bytes > maxBytes) {
      pieces.push({ payload: batch.payload.subarray(from, at - separator), sizes: batch.sizes.slice(first, i) });
      first = i;
      from = at;
      pieceBytes = 0;
    }
    pieceBytes += bytes;
    at += size + separator;
  }
  pieces.push({ payload: batch.payload.subarray(from), sizes: batch.sizes.slice(first) });
  return pieces;
}
