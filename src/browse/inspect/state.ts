import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { parseOffset, type Position } from "../../protocol/offset.ts";
import { chose } from "../../screen/choice.ts";
import { INITIAL_BROWSING, type Browsing } from "../browsing.ts";

/** What is known of a segment's object. */
export type Check =
  | { readonly state: "checking" }
  | { readonly state: "intact" }
  /** What is wrong with it, a sentence each. */
  | { readonly state: "damaged"; readonly findings: readonly string[] };

/** A part of the stream, from the oldest to the newest: what it inherits, its segments, its hot log. */
export type Part =
  | { readonly kind: "inherited"; readonly index: number }
  | { readonly kind: "segment"; readonly number: number }
  | { readonly kind: "hot" };

export interface InspectState extends Browsing {
  readonly name: string;
  readonly url: string;
  readonly map: StreamMap;
  /** By numbers. Of a stream of very many segments only those are there that were looked at lately. */
  readonly rows: ReadonlyMap<number, SegmentRow>;
  readonly checks: ReadonlyMap<number, Check>;
  /** Whether the view was opened from another one, which Escape leads back to. */
  readonly isNested: boolean;
}

/** The hot log is chosen at first: what is new is there. */
export function initialInspection(name: string, url: string, map: StreamMap, isNested: boolean): InspectState {
  const state: InspectState = {
    ...INITIAL_BROWSING,
    name,
    url,
    map,
    rows: new Map(),
    checks: new Map(),
    isNested,
  };
  return choseIndex(state, partCount(map) - 1);
}

export function partCount({ fork, segments }: StreamMap): number {
  return (fork?.inherited.length ?? 0) + segments.count + 1;
}

export function partAt({ fork, segments }: StreamMap, index: number): Part {
  const inherited = fork?.inherited.length ?? 0;
  if (index < inherited) return { kind: "inherited", index };
  const number = index - inherited;
  return number < segments.count ? { kind: "segment", number } : { kind: "hot" };
}

/** Where a part is; one that is no more is the nearest that is. */
export function indexOfPart(map: StreamMap, part: Part): number {
  const last = partCount(map) - 1;
  switch (part.kind) {
    case "inherited":
      return Math.min(part.index, last);
    case "segment":
      return Math.min((map.fork?.inherited.length ?? 0) + part.number, last);
    case "hot":
      return last;
  }
}

export function chosenPart({ map, choice }: InspectState): Part {
  return partAt(map, choice.index);
}

/** Rows for what is known of the chosen part. */
export function detailRoom({ screenRows }: InspectState): number {
  if (screenRows >= 20) return 6;
  return screenRows >= 14 ? 4 : 2;
}

/** Whether there is no room for what the stream is as a whole. */
export function isLow({ screenRows }: InspectState): boolean {
  return screenRows < 18;
}

/** Rows for parts: all but the title, the bar with its mark, the heading, status, hints, and what else there is. */
export function listRoom(state: InspectState): number {
  const taken = 6 + (isLow(state) ? 0 : 3) + detailRoom(state) + (state.problem === undefined ? 0 : 1);
  return Math.max(1, state.screenRows - taken);
}

export function choseIndex(state: InspectState, index: number): InspectState {
  return { ...state, choice: chose(state.choice, index, partCount(state.map), listRoom(state)) };
}

/** The parts in the list on the screen, and where they are. */
export function partsOnScreen(state: InspectState): readonly { readonly index: number; readonly part: Part }[] {
  const { map, choice } = state;
  const end = Math.min(partCount(map), choice.top + listRoom(state));
  return Array.from({ length: Math.max(0, end - choice.top) }, (_, i) => {
    const index = choice.top + i;
    return { index, part: partAt(map, index) };
  });
}

/** Of the segments that are on the screen the first whose row is still to be fetched. */
export function missingNumber(state: InspectState): number | undefined {
  for (const { part } of partsOnScreen(state)) {
    if (part.kind === "segment" && !state.rows.has(part.number)) return part.number;
  }
  return undefined;
}

/** Where a part begins and ends; nothing for a segment whose row is not there. */
export function rangeOf({ map, rows }: InspectState, part: Part): readonly [start: string, end: string] | undefined {
  switch (part.kind) {
    case "inherited": {
      const inherited = map.fork?.inherited ?? [];
      const until = inherited[part.index]?.until;
      const from = part.index === 0 ? ZERO : inherited[part.index - 1]?.until;
      return until === undefined || from === undefined ? undefined : [from, until];
    }
    case "segment": {
      const row = rows.get(part.number);
      return row === undefined ? undefined : [row.start, row.end];
    }
    case "hot":
      return [map.hot.start, map.tail];
  }
}

const ZERO = `${"0".repeat(16)}_${"0".repeat(16)}`;

export function positionOf(offset: string): Position {
  return parseOffset(offset) ?? 0;
}
