import { bottomRows } from "../../screen/bottom.ts";
import { promptLabel, wordRows } from "../model/layout.ts";
import type { ViewState } from "../model/state.ts";
import type { Row } from "../../screen/text/segment.ts";
import { part, type Part } from "../../screen/parts.ts";

function hints(state: ViewState): readonly Part[] {
  const { reading, search, filter, isNested } = state;
  const isNarrowed = search !== undefined || filter !== undefined;
  const pause = { live: "Space pause", paused: "Space go live", browsing: "Space go live", still: "" }[reading.mode];
  return [
    part(pause, 80, "dim"),
    part("/ search", 60, "dim"),
    part(search === undefined ? "" : "n N matches", 70, "dim"),
    part("f filter", 50, "dim"),
    part("Enter unfold", 40, "dim"),
    part(state.streams.length === 1 ? "" : "Tab streams", 45, "dim"),
    part(isNarrowed ? "Esc clear" : isNested ? "Esc back" : "", isNarrowed ? 65 : 95, "dim"),
    part("? help", 90, "dim"),
    part("q leave", 100, "dim"),
  ];
}

/** The last lines: what is being typed, what there is to say, or what can be pressed. */
export function bottomRowsOf(state: ViewState): readonly Row[] {
  return bottomRows(state, promptLabel(state), hints(state), wordRows(state));
}
