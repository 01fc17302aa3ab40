import { actionFinder, type Binding } from "../../screen/press.ts";

type Action =
  | "previous"
  | "next"
  | "pageUp"
  | "pageDown"
  | "first"
  | "last"
  | "open"
  | "check"
  | "goTo"
  | "refresh"
  | "help"
  | "back"
  | "leave"
  | "interrupt";

export const INSPECT_BINDINGS: readonly Binding<Action>[] = [
  { action: "previous", keys: ["left", "up", "h", "k"], shown: "← ↑ h k", help: "the segment before" },
  { action: "next", keys: ["right", "down", "l", "j"], shown: "→ ↓ l j", help: "the segment after" },
  { action: "pageUp", keys: ["pageup", "b", "ctrl-u"], shown: "PgUp b", help: "a page up" },
  { action: "pageDown", keys: ["pagedown", " ", "ctrl-d"], shown: "PgDn Space", help: "a page down" },
  { action: "first", keys: ["g", "home"], shown: "g Home", help: "the first segment" },
  { action: "last", keys: ["G", "end"], shown: "G End", help: "the hot log" },
  { action: "open", keys: ["return"], shown: "Enter", help: "show its messages; Esc leads back here" },
  { action: "check", keys: ["v"], shown: "v", help: "fetch the segment and check all of it" },
  { action: "goTo", keys: ["o", "/"], shown: "o /", help: "the segment of a number, or that holds an offset" },
  { action: "refresh", keys: ["r"], shown: "r", help: "ask the server now" },
  { action: "help", keys: ["?"], shown: "?", help: "this help" },
  { action: "back", keys: ["escape"], shown: "Esc", help: "back to where this was opened from, leave" },
  { action: "leave", keys: ["q"], shown: "q", help: "leave" },
  { action: "interrupt", keys: ["ctrl-c"], shown: "Ctrl-C", help: "leave, interrupted (exit code 130)" },
];

export const inspectActionOf = actionFinder(INSPECT_BINDINGS);
