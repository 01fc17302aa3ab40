import { actionFinder, type Binding } from "../../screen/press.ts";

type Action =
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "first"
  | "last"
  | "open"
  | "inspect"
  | "filter"
  | "refresh"
  | "help"
  | "back"
  | "leave"
  | "interrupt";

export const LIST_BINDINGS: readonly Binding<Action>[] = [
  { action: "up", keys: ["up", "k"], shown: "↑ k", help: "the stream above" },
  { action: "down", keys: ["down", "j"], shown: "↓ j", help: "the stream below" },
  { action: "pageUp", keys: ["pageup", "b", "ctrl-u"], shown: "PgUp b", help: "a page up" },
  { action: "pageDown", keys: ["pagedown", " ", "ctrl-d"], shown: "PgDn Space", help: "a page down" },
  { action: "first", keys: ["g", "home"], shown: "g Home", help: "the first stream" },
  { action: "last", keys: ["G", "end"], shown: "G End", help: "the last stream" },
  { action: "open", keys: ["return"], shown: "Enter", help: "show its messages live; Esc leads back here" },
  { action: "inspect", keys: ["i"], shown: "i", help: "show how it is kept, as inspect does" },
  { action: "filter", keys: ["/", "f"], shown: "/ f", help: "show only names that contain what is typed" },
  { action: "refresh", keys: ["r"], shown: "r", help: "ask the server now" },
  { action: "help", keys: ["?"], shown: "?", help: "this help" },
  { action: "back", keys: ["escape"], shown: "Esc", help: "end the filter, leave" },
  { action: "leave", keys: ["q"], shown: "q", help: "leave" },
  { action: "interrupt", keys: ["ctrl-c"], shown: "Ctrl-C", help: "leave, interrupted (exit code 130)" },
];

export const listActionOf = actionFinder(LIST_BINDINGS);
