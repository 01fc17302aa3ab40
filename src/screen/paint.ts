import type { Row, Tone } from "./text/segment.ts";

/** Select graphic rendition: on, and off again. */
type Rendition = readonly [on: string, off: string];

const ESC = "\u001b[";
const colour = (code: number): Rendition => [`${ESC}${String(code)}m`, `${ESC}39m`];

const DIM: Rendition = [`${ESC}2m`, `${ESC}22m`];
const STRONG: Rendition = [`${ESC}1m`, `${ESC}22m`];
const INVERSE: Rendition = [`${ESC}7m`, `${ESC}27m`];

/** Of streams that are shown together, told apart by more than their colours: their names stand there. */
const NAME_COLOURS = [36, 35, 34, 33, 32].map(colour);

/** What does not need colours; without them these are all there is. */
const ATTRIBUTES: Partial<Record<string, Rendition>> = { dim: DIM, strong: STRONG, match: INVERSE, selected: INVERSE };

const COLOURS: Partial<Record<string, Rendition>> = {
  key: colour(36),
  string: colour(32),
  number: colour(33),
  good: colour(32),
  warn: colour(33),
  bad: colour(31),
};

function renditionOf(tone: Tone, hasColours: boolean): Rendition | undefined {
  if (typeof tone === "object") return hasColours ? NAME_COLOURS[tone.name % NAME_COLOURS.length] : undefined;
  return ATTRIBUTES[tone] ?? (hasColours ? COLOURS[tone] : undefined);
}

/** A row as a terminal takes it. */
export function paint(row: Row, hasColours: boolean): string {
  return row
    .map(({ text, tone }) => {
      const rendition = renditionOf(tone, hasColours);
      return rendition === undefined ? text : `${rendition[0]}${text}${rendition[1]}`;
    })
    .join("");
}
