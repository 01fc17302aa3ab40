import { BINDINGS } from "../keys.ts";
import type { ViewState } from "../model/state.ts";
import { cutRow } from "../text/row-cut.ts";
import { segment, type Row } from "../text/segment.ts";
import { padded } from "../text/width.ts";

const KEYS_COLUMNS = 12;

const GRAMMAR = [
  ["text", "messages that contain it; case counts if it has capitals"],
  [".user.id", 'messages that have it; also .items[0] and ."a key"'],
  [".user.id = 42", "whose value is this; != is another"],
  [".name ~ ann", "whose value contains this"],
] as const;

function line(keys: string, help: string, columns: number, width: number): Row {
  return cutRow([segment(padded(keys, width), "strong"), segment(` ${help}`)], columns);
}

/** All keys, and what a filter may say. */
function helpLines(columns: number): readonly Row[] {
  const keys = BINDINGS.map(({ shown, help }) => line(shown, help, columns, KEYS_COLUMNS));
  const digits = line("0 1-9", "all streams, or the one of that number", columns, KEYS_COLUMNS);
  const grammar = GRAMMAR.map(([filter, help]) => line(filter, help, columns, KEYS_COLUMNS + 2));
  return [...keys, digits, [], [segment("Filters", "strong")], ...grammar];
}

export function helpRows({ columns, rows }: ViewState, top: number): readonly Row[] {
  const lines = helpLines(columns);
  const room = rows - 2;
  const first = Math.max(0, Math.min(top, lines.length - room));
  const shown = lines.slice(first, first + room);
  const blank = Array.from({ length: room - shown.length }, (): Row => []);
  const more = lines.length > room ? "↑ ↓ scroll, any other key closes" : "any key closes";
  return [[segment("Keys of the live view", "strong")], ...shown, ...blank, [segment(more, "dim")]];
}
