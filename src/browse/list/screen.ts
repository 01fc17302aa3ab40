import { visibleLine } from "../../client/visible-text.ts";
import { fitting, part, type Part } from "../../screen/parts.ts";
import { counted, grouped, humanDuration } from "../../client/figures.ts";
import { highlighted } from "../../screen/text/highlight.ts";
import { cutRow } from "../../screen/text/row-cut.ts";
import { segment, type Row } from "../../screen/text/segment.ts";
import { cut } from "../../screen/text/width.ts";
import { browsingScreen, type Looks } from "../browsing-screen.ts";
import { StreamTable } from "./columns.ts";
import { LIST_BINDINGS } from "./keys.ts";
import { chosenPath, listRoom, pathsOnScreen, type ListState } from "./state.ts";

const GUTTER_COLUMNS = 2;

const FILTER_COLUMNS = 24;

function titleRow({ root, prefix, columns }: ListState): Row {
  const what = prefix === "" ? "streams" : `streams ${visibleLine(prefix)}…`;
  return cutRow([segment(what, "strong"), segment("  "), segment(visibleLine(root), "dim")], columns);
}

function emptyWords({ names, filter, prefix }: ListState): string {
  if (names === undefined) return "asking the server";
  if (names.length > 0) return `no name contains ${JSON.stringify(filter)}`;
  return prefix === "" ? "no streams" : `no stream has a name that begins with ${JSON.stringify(prefix)}`;
}

function tableRows(state: ListState): readonly Row[] {
  const { known, filter, choice, columns, nowMs } = state;
  const paths = pathsOnScreen(state);
  const room = columns - GUTTER_COLUMNS;
  const table = new StreamTable(room, paths);
  const rows = paths.map((path, i): Row => {
    const gutter = choice.top + i === choice.index ? segment("> ", "strong") : segment("  ");
    const name = table.name(path);
    const facts = known.get(path);
    // What is not known yet stays blank.
    const cells = facts === undefined ? [] : table.cells(facts, nowMs);
    return cutRow([gutter, ...(filter === "" ? [name] : highlighted([name], filter)), ...cells], columns);
  });
  const empty: Row[] =
    rows.length > 0 ? [] : [cutRow([segment(`  ${visibleLine(emptyWords(state))}`, "dim")], columns)];
  const blank = Array.from({ length: Math.max(0, listRoom(state) - rows.length - empty.length) }, (): Row => []);
  return [cutRow([segment("  "), table.heading()], columns), ...rows, ...empty, ...blank];
}

/** What the table has no room for. */
function detailRow(state: ListState): Row {
  const path = chosenPath(state);
  const stream = path === undefined ? undefined : state.known.get(path)?.stream;
  if (stream === undefined) return [];
  const { nextOffset, createdAt, expiresAt, ttlSeconds } = stream;
  const expires = expiresAt === undefined ? "" : `expires ${visibleLine(expiresAt)}`;
  return fitting(
    [
      part(`tail ${visibleLine(nextOffset)}`, 90, "dim"),
      part(stream.public ? "public" : "", 60, "warn"),
      part(`created ${visibleLine(createdAt)}`, 50, "dim"),
      part(expires, 80, "dim"),
      part(ttlSeconds === undefined ? "" : `after ${String(ttlSeconds)} s without use`, 40, "dim"),
    ],
    state.columns,
  ).map(({ text, tone }) => segment(cut(text, state.columns), tone));
}

function statusRow(state: ListState): Row {
  const { names, shown, filter, refreshedAtMs, isRefreshing, problem, nowMs, choice } = state;
  const mark = problem === undefined ? "●" : "×";
  const at = shown.length === 0 ? "" : `${grouped(choice.index + 1)} of ${grouped(shown.length)}`;
  const age = refreshedAtMs === undefined ? "" : `refreshed ${humanDuration(nowMs - refreshedAtMs)} ago`;
  return fitting(
    [
      part(mark, 100, problem === undefined ? "good" : "bad"),
      part(names === undefined ? "" : counted(names.length, "stream"), 90),
      part(at, 70, "dim"),
      part(filter === "" ? "" : cut(`filter ${visibleLine(filter)}`, FILTER_COLUMNS), 85, "warn"),
      part(isRefreshing ? "refreshing" : age, 60, "dim"),
    ],
    state.columns,
  );
}

function hints({ filter }: ListState): readonly Part[] {
  return [
    part("Enter open", 80, "dim"),
    part("/ filter", 70, "dim"),
    part("i inspect", 60, "dim"),
    part("r refresh", 50, "dim"),
    part(filter === "" ? "" : "Esc clear", 75, "dim"),
    part("? help", 90, "dim"),
    part("q leave", 100, "dim"),
  ];
}

const LOOKS: Looks<ListState> = {
  name: "list of streams",
  bindings: LIST_BINDINGS,
  content: (state) => [titleRow(state), ...tableRows(state), detailRow(state)],
  status: statusRow,
  promptLabel: "filter: ",
  hints,
};

export function listScreen(state: ListState): readonly Row[] {
  return browsingScreen(state, LOOKS);
}
