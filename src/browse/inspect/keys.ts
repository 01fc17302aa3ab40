import { closingBindings } from "../../screen/common-keys.ts";
import type { Binding } from "../../screen/press.ts";
import { pagingBindings, REFRESH, type BrowsingAction } from "../keys.ts";

/** What keys do only here. */
export type InspectAction = "open" | "check" | "goTo" | "back";

export const INSPECT_BINDINGS: readonly Binding<InspectAction | BrowsingAction>[] = [
  { action: "up", keys: ["left", "up", "h", "k"], shown: "← ↑ h k", help: "the segment before" },
  { action: "down", keys: ["right", "down", "l", "j"], shown: "→ ↓ l j", help: "the segment after" },
  ...pagingBindings("the first segment", "the hot log"),
  { action: "open", keys: ["return"], shown: "Enter", help: "show its messages; Esc leads back here" },
  { action: "check", keys: ["v"], shown: "v", help: "fetch the segment and check all of it" },
  { action: "goTo", keys: ["o", "/"], shown: "o /", help: "the segment of a number, or that holds an offset" },
  REFRESH,
  ...closingBindings("back to where this was opened from, leave"),
];
