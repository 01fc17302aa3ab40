import type { ContentKind } from "../../protocol/content-type.ts";
import { joinPayloads, positionCount, separatorBytes, type MessageBatch } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";

/** Consecutive messages that are stored together: one row of the log. */
export interface Run extends MessageBatch {
  readonly start: Position;
  readonly positions: number;
}

/**
 * Lays batches that are committed together into as few runs as possible, so that appends which arrive at the same time
 * share a row. A run stays within `maxBytes` unless a single message is larger.
 */
export function planRuns(
  kind: ContentKind,
  start: Position,
  batches: readonly MessageBatch[],
  maxBytes: number,
): Run[] {
  const runs: Run[] = [];
  let position = start;
  let open: MessageBatch[] = [];
  let openBytes = 0;

  function seal(): void {
    if (open.length === 0) return;
    const batch = {
      payload: joinPayloads(
        kind,
        open.map((part) => part.payload),
      ),
      sizes: open.flatMap((part) => part.sizes),
    };
    const positions = positionCount(kind, batch);
    runs.push({ ...batch, start: position, positions });
    position += positions;
    open = [];
    openBytes = 0;
  }

  for (const part of batches.flatMap((batch) => cutBatch(kind, batch, maxBytes))) {
    const bytes = part.payload.byteLength + separatorBytes(kind);
    if (openBytes + bytes > maxBytes) seal();
    open.push(part);
    openBytes += bytes;
  }
  seal();
  return runs;
}

/** Cuts a batch at message boundaries into pieces within `maxBytes`; most batches are one piece and stay as they are. */
function cutBatch(kind: ContentKind, batch: MessageBatch, maxBytes: number): MessageBatch[] {
  if (batch.sizes.length === 0) return [];
  if (batch.payload.byteLength <= maxBytes || batch.sizes.length === 1) return [batch];
  const separator = separatorBytes(kind);
  const pieces: MessageBatch[] = [];
  let first = 0;
  let from = 0;
  let at = 0;
  for (const [i, size] of batch.sizes.entries()) {
    if (i > first && at + size - from > maxBytes) {
      pieces.push({ payload: batch.payload.subarray(from, at - separator), sizes: batch.sizes.slice(first, i) });
      first = i;
      from = at;
    }
    at += size + separator;
  }
  pieces.push({ payload: batch.payload.subarray(from), sizes: batch.sizes.slice(first) });
  return pieces;
}
