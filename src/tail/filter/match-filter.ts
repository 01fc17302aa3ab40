import { textOf, type Arrival } from "../model/message.ts";
import { parseExactly, sameJson } from "./exact-json.ts";
import type { Filter, Step, Test } from "./filter.ts";

/** Whether a message contains a text. Letter case counts only once the text has a capital. */
export function containsText(haystack: string, needle: string): boolean {
  return needle === needle.toLowerCase() ? haystack.toLowerCase().includes(needle) : haystack.includes(needle);
}

/** Makes a function of a filter. A message that is not JSON, or was too long to be kept whole, has no path. */
export function matcher(filter: Filter | undefined): (message: Arrival) => boolean {
  if (filter === undefined) return () => true;
  if (filter.type === "text") return (message) => containsText(textOf(message), filter.text);
  const { path } = filter;
  const holds = tester(filter.test);
  return (message) => {
    if (message.kind === "binary") return false;
    let value: unknown;
    try {
      value = parseExactly(textOf(message));
    } catch {
      return false;
    }
    const found = at(value, path);
    return found !== undefined && holds(found);
  };
}

function at(value: unknown, path: readonly Step[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null) return undefined;
    if (typeof step === "number") here = Array.isArray(here) ? (here.at(step) as unknown) : undefined;
    else here = !Array.isArray(here) && Object.hasOwn(here, step) ? (here as Record<string, unknown>)[step] : undefined;
  }
  return here;
}

function tester(test: Test): (value: unknown) => boolean {
  switch (test.type) {
    case "present":
      return () => true;
    case "contains":
      return (value) => containsText(asText(value), test.text);
    case "equal":
    case "other": {
      const wanted = parseExactly(test.json);
      return (value) => sameJson(value, wanted) === (test.type === "equal");
    }
  }
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each));
}
