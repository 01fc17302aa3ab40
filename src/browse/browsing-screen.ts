import { bottomRow, problemRows } from "../screen/bottom.ts";
import { bindingLines, helpScreen } from "../screen/help.ts";
import type { Part } from "../screen/parts.ts";
import type { Binding } from "../screen/press.ts";
import type { Row } from "../screen/text/segment.ts";
import { tooSmallScreen } from "../screen/too-small.ts";
import type { Browsing } from "./browsing.ts";

/** What one view puts on the screen. */
export interface Looks<State extends Browsing> {
  /** As it stands in a sentence. */
  readonly name: string;
  readonly bindings: readonly Binding<string>[];
  /** All rows above the problem, the status and the last line. */
  readonly content: (state: State) => readonly Row[];
  readonly status: (state: State) => Row;
  /** Before the line that is typed. */
  readonly promptLabel: string;
  readonly hints: (state: State) => readonly Part[];
}

/** The whole screen, row by row: no row is wider than it, and there are as many as it has. */
export function browsingScreen<State extends Browsing>(state: State, looks: Looks<State>): readonly Row[] {
  const { columns, screenRows: rows, help, problem } = state;
  const { name, bindings, content, status, promptLabel, hints } = looks;
  const tooSmall = tooSmallScreen({ columns, rows }, `The ${name}`);
  if (tooSmall !== undefined) return tooSmall;
  if (help !== undefined) {
    return helpScreen({ title: `Keys of the ${name}`, lines: bindingLines(bindings, columns), top: help, rows });
  }
  return [
    ...content(state),
    ...problemRows(problem, columns),
    status(state),
    bottomRow(state, promptLabel, hints(state)),
  ];
}
