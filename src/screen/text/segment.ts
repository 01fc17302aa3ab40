/** What a stretch of text is; `view/paint.ts` gives it its looks. */
export type Tone =
  | "plain"
  | "dim"
  | "strong"
  | "key"
  | "string"
  | "number"
  | "match"
  | "good"
  | "warn"
  | "bad"
  | "selected"
  | { readonly name: number };

export interface Segment {
  readonly text: string;
  readonly tone: Tone;
}

/** One row of the screen. Nothing in it can move the cursor. */
export type Row = readonly Segment[];

export function segment(text: string, tone: Tone = "plain"): Segment {
  return { text, tone };
}

export function rowText(row: Row): string {
  return row.map(({ text }) => text).join("");
}
