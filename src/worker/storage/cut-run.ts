import type { ContentKind } from "../../protocol/content-type.ts";
import { separatorBytes } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import type { StoredRun } from "./stored-run.ts";

/** Runs as far as `until`: the one that it lies in is cut there, and those after it are left out. */
export function* runsUntil(kind: ContentKind, runs: Iterable<StoredRun>, until: Position): Generator<StoredRun> {
  for (const run of runs) {
    if (run.start >= until) return;
    yield run.start + run.positions <= until ? run : cutRun(kind, run, until - run.start);
  }
}

/** The first `positions` of a run. */
function cutRun(kind: ContentKind, run: StoredRun, positions: number): StoredRun {
  const sizes = kind === "json" ? run.sizes().slice(0, positions) : firstBytes(run.sizes(), positions);
  const separators = separatorBytes(kind) * Math.max(0, sizes.length - 1);
  const bytes = sizes.reduce((sum, size) => sum + size, separators);
  return { ...run, positions, bytes, sizes: () => sizes };
}

/** The sizes of the messages within the first `bytes`, the last of them cut. */
function firstBytes(sizes: readonly number[], bytes: number): number[] {
  const kept: number[] = [];
  let left = bytes;
  for (const size of sizes) {
    if (left <= 0) break;
    kept.push(Math.min(size, left));
    left -= size;
  }
  return kept;
}
