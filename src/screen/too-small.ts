import { segment, type Row } from "./text/segment.ts";
import { wrapped } from "./text/width.ts";

/** Below this a view says that it needs more room. */
const MIN_COLUMNS = 40;
const MIN_ROWS = 10;

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What stands on a terminal that is too small; nothing for one that is not. */
export function tooSmallScreen({ columns, rows }: Size, view: string): readonly Row[] | undefined {
  if (columns >= MIN_COLUMNS && rows >= MIN_ROWS) return undefined;
  const sentence = `${view} needs ${String(MIN_COLUMNS)} columns and ${String(MIN_ROWS)} rows; here are ${String(columns)} and ${String(rows)}. q leaves; --plain prints lines.`;
  return wrapped(sentence, Math.max(1, columns))
    .slice(0, Math.max(1, rows))
    .map((line) => [segment(line)]);
}
