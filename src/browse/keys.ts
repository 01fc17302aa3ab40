import { PAGE_UP } from "../screen/common-keys.ts";
import type { Binding } from "../screen/press.ts";

/** What keys do in every view to browse. Up and down are not here: what they are called depends on what is browsed. */
export type BrowsingAction =
  "up" | "down" | "pageUp" | "pageDown" | "first" | "last" | "refresh" | "help" | "leave" | "interrupt";

/** Keys for more than one item at a time; the ends are named. */
export function pagingBindings(
  first: string,
  last: string,
): readonly Binding<"pageUp" | "pageDown" | "first" | "last">[] {
  return [
    PAGE_UP,
    { action: "pageDown", keys: ["pagedown", " ", "ctrl-d"], shown: "PgDn Space", help: "a page down" },
    { action: "first", keys: ["g", "home"], shown: "g Home", help: first },
    { action: "last", keys: ["G", "end"], shown: "G End", help: last },
  ];
}

export const REFRESH: Binding<"refresh"> = { action: "refresh", keys: ["r"], shown: "r", help: "ask the server now" };
