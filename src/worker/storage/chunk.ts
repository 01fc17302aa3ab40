import type { ContentKind } from "../../protocol/content-type.ts";
import { READ_CHUNK_MAX_ROWS, READ_CHUNK_MAX_SEGMENTS } from "../../protocol/limits.ts";
import { separatorBytes } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import type { Piece, StoredRun } from "./stored-run.ts";

/** A stretch of the stream: its payload in pieces, in order, from the position asked for to `next`. */
export interface Chunk {
  readonly pieces: readonly Piece[];
  /** Length of all pieces together, without separators between them. */
  readonly bytes: number;
  readonly next: Position;
}

/** How much a chunk may hold. */
export interface ChunkLimits {
  readonly maxBytes: number;
  /** How many segments it may be put together from. */
  readonly maxSegments: number;
  /** Whether it holds the first message even when that is larger: false where it goes on what another chunk began. */
  readonly mustProgress: boolean;
}

/** The limits of an answer that is one chunk. */
export function wholeChunk(maxBytes: number): ChunkLimits {
  return { maxBytes, maxSegments: READ_CHUNK_MAX_SEGMENTS, mustProgress: true };
}

/** A stretch of one run's payload and the position after it. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly next: Position;
}

/**
 * Gathers what follows `start`, up to about as much as the limits and {@link READ_CHUNK_MAX_ROWS} allow. Chunks end between
 * messages; only a message of plain bytes that is larger than a whole chunk is divided, while a JSON message is always
 * answered whole. Where a run is stored makes no difference.
 */
export function collectChunk(
  kind: ContentKind,
  runs: Iterable<StoredRun>,
  start: Position,
  limits: ChunkLimits,
): Chunk {
  const { maxBytes, maxSegments, mustProgress } = limits;
  const pieces: Piece[] = [];
  let next = start;
  let bytes = 0;
  let budget = maxBytes;
  let segments = 0;
  for (const run of runs) {
    const isWhole = next === run.start && run.bytes <= budget;
    const stretch = isWhole
      ? { from: 0, to: run.bytes, next: run.start + run.positions }
      : fit(kind, run, next, budget, mustProgress && pieces.length === 0);
    if (stretch === undefined) break;
    const piece = run.piece(stretch.from, stretch.to);
    pieces.push(piece);
    next = stretch.next;
    bytes += stretch.to - stretch.from;
    budget -= stretch.to - stretch.from + separatorBytes(kind);
    if (piece.kind === "segment") segments++;
    const isFull = budget <= 0 || pieces.length >= READ_CHUNK_MAX_ROWS || segments >= maxSegments;
    if (isFull || next < run.start + run.positions) break;
  }
  return { pieces, bytes, next };
}

/** The messages of a run from `start` on that fit into `budget`; the first one of a chunk always does. */
function fit(
  kind: ContentKind,
  run: StoredRun,
  start: Position,
  budget: number,
  isFirst: boolean,
): Stretch | undefined {
  return kind === "json" ? fitMessages(run, start, budget, isFirst) : fitBytes(run, start, budget, isFirst);
}

function fitMessages(run: StoredRun, start: Position, budget: number, isFirst: boolean): Stretch | undefined {
  const skipped = start - run.start;
  let at = 0;
  let from = 0;
  let to: number | undefined;
  let next = start;
  for (const [i, size] of run.sizes().entries()) {
    if (i === skipped) from = at;
    if (i >= skipped) {
      const isForced = isFirst && i === skipped;
      if (at + size - from > budget && !isForced) break;
      to = at + size;
      next = run.start + i + 1;
    }
    at += size + separatorBytes("json");
  }
  return to === undefined ? undefined : { from, to, next };
}

function fitBytes(run: StoredRun, start: Position, budget: number, isFirst: boolean): Stretch | undefined {
  const from = start - run.start;
  let end = 0;
  let to = from;
  for (const size of run.sizes()) {
    end += size;
    if (end - from > budget) break;
    if (end > from) to = end;
  }
  if (to === from && isFirst) to = Math.min(from + budget, run.bytes);
  return to === from ? undefined : { from, to, next: run.start + to };
}
