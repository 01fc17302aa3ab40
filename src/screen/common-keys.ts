/** Keys that do the same in every view. Each view has them where they belong in its help. */
import type { Binding } from "./press.ts";

export const PAGE_UP: Binding<"pageUp"> = {
  action: "pageUp",
  keys: ["pageup", "b", "ctrl-u"],
  shown: "PgUp b",
  help: "a page up",
};

/** The help, and the ways out; `back` says where Escape leads. */
export function closingBindings(back: string): readonly Binding<"help" | "back" | "leave" | "interrupt">[] {
  return [
    { action: "help", keys: ["?"], shown: "?", help: "this help" },
    { action: "back", keys: ["escape"], shown: "Esc", help: back },
    { action: "leave", keys: ["q"], shown: "q", help: "leave" },
    { action: "interrupt", keys: ["ctrl-c"], shown: "Ctrl-C", help: "leave, interrupted (exit code 130)" },
  ];
}
