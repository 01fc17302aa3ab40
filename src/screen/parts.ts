import { segment, type Row, type Segment, type Tone } from "./text/segment.ts";
import { widthOf } from "./text/width.ts";

/** A part of a line; where there is no room for all, those of the greatest weight stay. */
export interface Part {
  readonly text: string;
  readonly tone: Tone;
  readonly weight: number;
}

export function part(text: string, weight: number, tone: Tone = "plain"): Part {
  return { text, tone, weight };
}

const GAP = "  ";

function widthOfAll(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + widthOf(text) + GAP.length, -GAP.length);
}

/** As many parts as fit, in their order. */
export function fitting(parts: readonly Part[], columns: number): Row {
  const kept = parts.filter(({ text }) => text !== "");
  while (kept.length > 1 && widthOfAll(kept) > columns) {
    const least = Math.min(...kept.map(({ weight }) => weight));
    kept.splice(
      kept.findLastIndex(({ weight }) => weight === least),
      1,
    );
  }
  return kept.flatMap(({ text, tone }, i): Segment[] => [...(i === 0 ? [] : [segment(GAP)]), segment(text, tone)]);
}
