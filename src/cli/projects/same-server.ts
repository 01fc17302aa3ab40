import type { Wish } from "../config/directory-file.ts";
import { quoteForShell } from "../shell-quote.ts";

/** Flags that lead a second command to the same server; what the environment or a context says holds for that one too. */
export function sameServer({ url, context }: Wish): string {
  if (context !== undefined) return ` --context ${context}`;
  return url === undefined ? "" : ` --url ${quoteForShell(url)}`;
}
