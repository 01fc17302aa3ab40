import { visibleLine, visibleText } from "../../client/visible-text.ts";
import { isCut, textOf, type Message } from "../model/message.ts";
import { humanBytes } from "../../client/figures.ts";
import { timeOfDay } from "../../screen/text/figures.ts";
import { towardsMatch } from "../../screen/text/highlight.ts";
import { hexLine, hexRows } from "./hex.ts";
import { prettyJson } from "./pretty-json.ts";
import { cutRow, wrapRow } from "../../screen/text/row-cut.ts";
import { segment, type Row } from "../../screen/text/segment.ts";

/** How bytes are shown: as their stream's content type says, or as one wishes. */
export type Form = "auto" | "text" | "hex";

/** An unfolded message has no more rows than this; saved to a file it is whole. */
export const UNFOLDED_MAX_ROWS = 1_000;

/** Of a text on one row no more than so many characters for each column are looked at. */
const LOOKED_AT_PER_COLUMN = 64;

function isHex({ kind }: Message, form: Form): boolean {
  return form === "auto" ? kind === "binary" : form === "hex";
}

/** A message on one row. `search` moves a long one to where it was found. */
export function foldedRow(message: Message, form: Form, columns: number, search: string | undefined): Row {
  if (isHex(message, form)) return cutRow(hexLine(message.bytes, columns), columns);
  const text = visibleText(textOf(message)).replace(/[\n\t\u2028\u2029]/g, " ");
  const from = search === undefined ? text : towardsMatch(text, search, columns);
  const row = cutRow([segment(from.slice(0, columns * LOOKED_AT_PER_COLUMN))], columns);
  return row[0]?.text === "" ? [segment("(empty)", "dim")] : row;
}

/** What is known of a message besides its data. */
function facts({ atMs, size, offset, bytes, stored }: Message): string {
  const cutAt = bytes.byteLength < size ? `, of which the first ${humanBytes(bytes.byteLength)} are kept` : "";
  if (stored !== undefined) {
    const appended = new Date(stored.appendedAtMs).toISOString();
    return `${humanBytes(size)}${cutAt}  at ${visibleLine(stored.offset)}  appended ${appended}`;
  }
  const where = offset === undefined ? "" : `  batch ends at ${visibleLine(offset)}`;
  return `${timeOfDay(atMs)}  ${humanBytes(size)}${cutAt}${where}`;
}

/** The data over several rows: one more than are shown, where there are more. */
function contentRows(message: Message, form: Form, columns: number): readonly Row[] {
  const most = UNFOLDED_MAX_ROWS + 1;
  if (isHex(message, form)) return hexRows(message.bytes, columns, most);
  const text = textOf(message);
  // Asked for as text it is shown just as it came.
  const isLaidOut = form === "auto" && message.kind !== "binary" && !isCut(message);
  const pretty = !isLaidOut ? undefined : prettyJson(text, most);
  const lines =
    pretty ?? text.split(/\r?\n/, most).map((line) => [segment(visibleLine(line.replaceAll("\t", "    ")))]);
  const rows: Row[] = [];
  for (const line of lines) {
    if (rows.length >= most) break;
    rows.push(...wrapRow(line, columns));
  }
  return rows;
}

interface Unfolded {
  readonly form: Form;
  readonly columns: number;
  readonly rows: readonly Row[];
}

/** Messages never change, and the rows of one are asked for again at every key and every frame. */
const known = new WeakMap<Message, Unfolded>();

/** A message over several rows: what is known of it, then its JSON, text or bytes. */
export function unfoldedRows(message: Message, form: Form, columns: number): readonly Row[] {
  const before = known.get(message);
  if (before?.form === form && before.columns === columns) return before.rows;
  const content = contentRows(message, form, columns);
  const more = content.length > UNFOLDED_MAX_ROWS ? [[segment("… more; save it to see all", "dim")]] : [];
  const head = cutRow([segment(facts(message), "dim")], columns);
  const rows = [head, ...content.slice(0, UNFOLDED_MAX_ROWS), ...more];
  known.set(message, { form, columns, rows });
  return rows;
}
