import { closingBindings } from "../../screen/common-keys.ts";
import type { Binding } from "../../screen/press.ts";
import { pagingBindings, REFRESH, type BrowsingAction } from "../keys.ts";

/** What keys do only here. */
export type ListAction = "open" | "inspect" | "filter" | "back";

export const LIST_BINDINGS: readonly Binding<ListAction | BrowsingAction>[] = [
  { action: "up", keys: ["up", "k"], shown: "↑ k", help: "the stream above" },
  { action: "down", keys: ["down", "j"], shown: "↓ j", help: "the stream below" },
  ...pagingBindings("the first stream", "the last stream"),
  { action: "open", keys: ["return"], shown: "Enter", help: "show its messages live; Esc leads back here" },
  { action: "inspect", keys: ["i"], shown: "i", help: "show how it is kept, as inspect does" },
  { action: "filter", keys: ["/", "f"], shown: "/ f", help: "show only names that contain what is typed" },
  REFRESH,
  ...closingBindings("end the filter, leave"),
];
