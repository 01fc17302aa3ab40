import { visibleLine } from "../../client/visible-text.ts";
import type { Prompt, ViewState } from "../model/state.ts";
import { cutRow } from "../text/row-cut.ts";
import { segment, type Row } from "../text/segment.ts";
import { cutLeft, widthOf } from "../text/width.ts";
import { fitting, part } from "./parts.ts";

const LABELS: Readonly<Record<Prompt["kind"], string>> = {
  search: "/",
  filter: "filter: ",
  offset: "offset: ",
  save: "save as: ",
};

const CURSOR = "▏";

function promptRow({ kind, text, note }: Prompt, columns: number): Row {
  const label = LABELS[kind];
  const typed = cutLeft(visibleLine(text), columns - widthOf(label) - 1);
  const row = [segment(label, "strong"), segment(typed), segment(CURSOR, "strong")];
  if (note === undefined) return row;
  return cutRow([...row, segment(`  ${visibleLine(note.text)}`, note.isProblem ? "bad" : "dim")], columns);
}

function hints(state: ViewState): Row {
  const { reading, search, filter } = state;
  const isLive = reading.mode === "live";
  return fitting(
    [
      part(isLive ? "Space pause" : "Space go live", 80, "dim"),
      part("/ search", 60, "dim"),
      part(search === undefined ? "" : "n N matches", 70, "dim"),
      part("f filter", 50, "dim"),
      part("Enter unfold", 40, "dim"),
      part(state.streams.length === 1 ? "" : "Tab streams", 45, "dim"),
      part(search === undefined && filter === undefined ? "" : "Esc clear", 65, "dim"),
      part("? help", 90, "dim"),
      part("q leave", 100, "dim"),
    ],
    state.columns,
  );
}

/** The last line: what is being typed, what there is to say, or what can be pressed. */
export function bottomRow(state: ViewState): Row {
  const { prompt, notice, columns } = state;
  if (prompt !== undefined) return promptRow(prompt, columns);
  if (notice === undefined) return hints(state);
  return cutRow([segment(visibleLine(notice.text), notice.isProblem ? "bad" : "strong")], columns);
}
