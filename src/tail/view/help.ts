import { bindingLines, helpLine, helpScreen } from "../../screen/help.ts";
import { BINDINGS } from "../keys.ts";
import type { ViewState } from "../model/state.ts";
import { segment, type Row } from "../../screen/text/segment.ts";

const GRAMMAR_COLUMNS = 14;

const GRAMMAR = [
  ["text", "messages that contain it; case counts if it has capitals"],
  [".user.id", 'messages that have it; also .items[0] and ."a key"'],
  [".user.id = 42", "whose value is this; != is another"],
  [".name ~ ann", "whose value contains this"],
] as const;

/** All keys, and what a filter may say. */
export function helpRows({ columns, rows }: ViewState, top: number): readonly Row[] {
  const digits = helpLine("0 1-9", "all streams, or the one of that number", columns);
  const grammar = GRAMMAR.map(([filter, help]) => helpLine(filter, help, columns, GRAMMAR_COLUMNS));
  const lines = [...bindingLines(BINDINGS, columns), digits, [], [segment("Filters", "strong")], ...grammar];
  return helpScreen({ title: "Keys of the live view", lines, top, rows });
}
