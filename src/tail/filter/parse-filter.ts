import type { Filter, Step, Test } from "./filter.ts";

export type ParsedFilter =
  { readonly ok: true; readonly filter: Filter | undefined } | { readonly ok: false; readonly problem: string };

const NAME = /^\.([\p{L}_$@][\p{L}\p{N}_$@-]*)/u;
const QUOTED = /^\.?("(?:[^"\\]|\\.)*")/;
const INDEX = /^\.?\[\s*(-?\d{1,9})\s*\]/;
const QUOTED_KEY = /^\.?\[\s*("(?:[^"\\]|\\.)*")\s*\]/;

/** Nothing typed is no filter. What begins with a dot or a bracket is a path, anything else is text to look for. */
export function parseFilter(typed: string): ParsedFilter {
  const text = typed.trim();
  if (text === "") return { ok: true, filter: undefined };
  if (!text.startsWith(".")) return { ok: true, filter: { type: "text", text } };
  const path: Step[] = [];
  let rest = text;
  for (let next = step(rest); next !== undefined; next = step(rest)) {
    path.push(next.step);
    rest = rest.slice(next.length);
  }
  if (path.length === 0) rest = rest.slice(1);
  const test = parseTest(rest.trim());
  if (typeof test === "string") return { ok: false, problem: test };
  return { ok: true, filter: { type: "path", path, test } };
}

function step(rest: string): { readonly step: Step; readonly length: number } | undefined {
  const name = NAME.exec(rest);
  if (name?.[1] !== undefined) return { step: name[1], length: name[0].length };
  const index = INDEX.exec(rest);
  if (index?.[1] !== undefined) return { step: Number(index[1]), length: index[0].length };
  const quoted = QUOTED_KEY.exec(rest) ?? QUOTED.exec(rest);
  if (quoted?.[1] === undefined) return undefined;
  const key = jsonOrNothing(quoted[1]);
  return typeof key === "string" ? { step: key, length: quoted[0].length } : undefined;
}

/** The test, or what is wrong with it. */
function parseTest(rest: string): Test | string {
  if (rest === "") return { type: "present" };
  const operator = /^(=|!=|~)\s*(.*)$/s.exec(rest);
  if (operator === null) return `after the path comes =, != or ~, not ${JSON.stringify(rest)}`;
  const [, sign, value = ""] = operator;
  if (value === "") return `${sign ?? ""} needs a value`;
  if (sign === "~") {
    const text = jsonOrNothing(value);
    return { type: "contains", text: typeof text === "string" ? text : value };
  }
  const json = jsonOrNothing(value) === undefined ? JSON.stringify(value) : value;
  return { type: sign === "=" ? "equal" : "other", json };
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
