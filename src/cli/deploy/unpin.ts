import { readFile } from "node:fs/promises";
import path from "node:path";
import { createScanner, findNodeAtLocation, parse, parseTree } from "jsonc-parser";
import { fieldsOf, listOf } from "../../cloudflare/fields.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { PROJECT_FILE, rewriteFile } from "./project-file.ts";
import { pinnedIdAt, type Target } from "./target.ts";

/** Takes the id of a namespace that is gone out of the project file, and out of a `wrangler.jsonc` that has the same. */
export async function unpinNamespace(folder: string, target: Target, id: string): Promise<void> {
  const isIt = (value: unknown): boolean => value === id;
  await rewriteFile(path.join(folder, PROJECT_FILE), (text) => withoutValue(text, pinnedIdAt(target), isIt));
  const file = path.join(folder, "wrangler.jsonc");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const namespaces = listOf(fieldsOf(parse(text, [], { allowTrailingComma: true }))["kv_namespaces"]);
  const index = namespaces.findIndex((entry) => fieldsOf(entry)["binding"] === BINDING.registry);
  await rewriteFile(file, (now) => withoutValue(now, ["kv_namespaces", index, "id"], isIt));
}

/**
 * The text without the property at this place, if it is there and its value is one that may go. Comments stay, also those
 * beside it: jsonc-parser's own removal takes them along.
 */
export function withoutValue(
  text: string,
  at: readonly (string | number)[],
  mayGo: (value: unknown) => boolean,
): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const value = root === undefined ? undefined : findNodeAtLocation(root, [...at]);
  const property = value?.parent;
  if (property?.parent === undefined || !mayGo(value?.value)) return text;
  const { children: siblings = [] } = property.parent;
  const before = siblings[siblings.indexOf(property) - 1];
  const start = property.offset;
  const end = start + property.length;
  const after = commaIn(text, end);
  if (after !== undefined)
    return withoutLine(text.slice(0, end) + text.slice(end, after) + text.slice(after + 1), start, end);
  const cut = withoutLine(text, start, end);
  // The last one: a comma that leads to it goes with it.
  const comma = before === undefined ? undefined : commaIn(text, before.offset + before.length);
  return comma === undefined ? cut : cut.slice(0, comma) + cut.slice(comma + 1);
}

/** Where the comma stands that is the first thing from here on, comments aside. */
function commaIn(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  scanner.scan();
  const offset = scanner.getTokenOffset();
  return text[offset] === "," ? offset : undefined;
}

/** Without what lies between, and without its line if nothing else is in it. */
function withoutLine(text: string, start: number, end: number): string {
  const before = text.slice(0, start).replace(/[ \t]+$/, "");
  const after = text.slice(end);
  const isLine = before.endsWith("\n") && /^[ \t]*\r?\n/.test(after);
  return isLine ? before + after.replace(/^[ \t]*\r?\n/, "") : text.slice(0, start) + after.replace(/^[ \t]+/, "");
}
