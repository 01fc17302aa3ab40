import type { Binding } from "./press.ts";
import { cutRow } from "./text/row-cut.ts";
import { segment, type Row } from "./text/segment.ts";
import { padded } from "./text/width.ts";

const KEYS_COLUMNS = 12;

/** Keys, or something else that is typed, and what that does. */
export function helpLine(keys: string, help: string, columns: number, width = KEYS_COLUMNS): Row {
  return cutRow([segment(padded(keys, width), "strong"), segment(` ${help}`)], columns);
}

export function bindingLines(bindings: readonly Binding<string>[], columns: number): readonly Row[] {
  return bindings.map(({ shown, help }) => helpLine(shown, help, columns));
}

/** The first line of the help after a key, of so many lines; nothing once it is closed. */
export function scrolledHelp(top: number, action: string | undefined, lines: number): number | undefined {
  if (action === "down") return Math.min(lines - 1, top + 1);
  return action === "up" ? Math.max(0, top - 1) : undefined;
}

interface Help {
  readonly title: string;
  readonly lines: readonly Row[];
  /** The first line that is shown, where they are more than fit. */
  readonly top: number;
  readonly rows: number;
}

/** The help instead of the screen. */
export function helpScreen({ title, lines, top, rows }: Help): readonly Row[] {
  const room = rows - 2;
  const first = Math.max(0, Math.min(top, lines.length - room));
  const shown = lines.slice(first, first + room);
  const blank = Array.from({ length: room - shown.length }, (): Row => []);
  const more = lines.length > room ? "↑ ↓ scroll, any other key closes" : "any key closes";
  return [[segment(title, "strong")], ...shown, ...blank, [segment(more, "dim")]];
}
