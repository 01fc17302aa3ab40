import { closingBindings, PAGE_UP } from "../screen/common-keys.ts";
import { actionFinder, type Binding } from "../screen/press.ts";

/** What a key does while no prompt is open. */
export type Action =
  | "leave"
  | "back"
  | "interrupt"
  | "pause"
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "first"
  | "live"
  | "fold"
  | "foldAll"
  | "form"
  | "search"
  | "next"
  | "previous"
  | "filter"
  | "offset"
  | "start"
  | "copy"
  | "save"
  | "nextTab"
  | "previousTab"
  | "help";

/** The key map: what the help, the documentation and the view itself go by. Digits choose streams. */
export const BINDINGS: readonly Binding<Action>[] = [
  { action: "pause", keys: [" "], shown: "Space", help: "pause, and go on live" },
  { action: "up", keys: ["up", "k"], shown: "↑ k", help: "the message above" },
  { action: "down", keys: ["down", "j"], shown: "↓ j", help: "the message below" },
  PAGE_UP,
  { action: "pageDown", keys: ["pagedown", "ctrl-d"], shown: "PgDn Ctrl-D", help: "a page down" },
  { action: "first", keys: ["g", "home"], shown: "g Home", help: "the oldest message at hand" },
  { action: "live", keys: ["G", "end"], shown: "G End", help: "the newest, live; again: skip what is not read yet" },
  { action: "fold", keys: ["return"], shown: "Enter", help: "unfold or fold the message" },
  { action: "foldAll", keys: ["e"], shown: "e", help: "unfold or fold all messages" },
  { action: "form", keys: ["x"], shown: "x", help: "as text, as hexadecimal, or as the stream says" },
  { action: "search", keys: ["/"], shown: "/", help: "search as you type" },
  { action: "next", keys: ["n"], shown: "n", help: "the next match below" },
  { action: "previous", keys: ["N"], shown: "N", help: "the next match above" },
  { action: "filter", keys: ["f"], shown: "f", help: "show only what matches: text, or .path = value" },
  { action: "offset", keys: ["o"], shown: "o", help: "read from an offset" },
  { action: "start", keys: ["s"], shown: "s", help: "read from the stream's start" },
  { action: "copy", keys: ["c", "y"], shown: "c y", help: "copy the message to the clipboard" },
  { action: "save", keys: ["w"], shown: "w", help: "save the message to a file" },
  { action: "nextTab", keys: ["tab"], shown: "Tab", help: "the next stream" },
  { action: "previousTab", keys: ["shift-tab"], shown: "Shift-Tab", help: "the stream before" },
  ...closingBindings("close what is open, end the search or filter, leave"),
];

export const actionOf = actionFinder(BINDINGS);
