import { visibleLine } from "../client/visible-text.ts";

/** Names and values; a value that is `undefined` has no line. */
export type Lines = readonly (readonly [name: string, value: string | undefined])[];

const NAME_WIDTH = 13;

/** A line for each value, with its name before it. Whatever a server says stays on its line. */
export function linesOf(lines: Lines): string {
  return lines
    .map(([name, value]) => (value === undefined ? "" : `${name.padEnd(NAME_WIDTH)} ${visibleLine(value)}\n`))
    .join("");
}
