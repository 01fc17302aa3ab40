import { protocolError, quote, type ProtocolError } from "../errors.ts";
import { PATTERN_WILDCARDS_MAX, SUBSCRIPTION_TEXT_MAX_BYTES } from "../limits.ts";
import { RESERVED_SEGMENT, trimSlashes } from "../path.ts";
import { failed, parsed, type Parsed } from "../result.ts";
import { isPlainText, isTooLong } from "../text.ts";

/**
 * Patterns over the paths of streams (section 6.2): `*` is one segment, `**` is none or more. A star in a path is written
 * `%2A` in a pattern. Every other segment stands for itself.
 */

/** A pattern that is asked about many paths. */
export interface CompiledPattern {
  /** What every path that matches begins with: where a scan of sorted paths may begin and end. Often empty. */
  readonly prefix: string;
  readonly matches: (path: string) => boolean;
}

/** A segment of a pattern: any one, any number of them, or one that reads like this. */
type Part = { readonly kind: "one" } | { readonly kind: "any" } | { readonly kind: "literal"; readonly text: string };

/** Prepares a pattern in its normal form. */
export function compilePattern(pattern: string): CompiledPattern {
  const parts = pattern.split("/").map(readPart);
  return { prefix: literalPrefix(parts), matches: (path) => matchesParts(parts, path.split("/")) };
}

/** Whether a path matches a pattern in its normal form. */
export function matchesPattern(pattern: string, path: string): boolean {
  return compilePattern(pattern).matches(path);
}

/**
 * The normal form of a pattern: slashes around it and a `**` beside another one mean nothing. Refused is what could never
 * match, or is likely to mean something else than whoever wrote it thinks.
 */
export function parsePattern(text: string): Parsed<string> {
  if (isTooLong(text, SUBSCRIPTION_TEXT_MAX_BYTES)) {
    return refused(text, `is longer than ${String(SUBSCRIPTION_TEXT_MAX_BYTES)} bytes; use a shorter one`);
  }
  const segments = trimSlashes(text)
    .split("/")
    .filter((segment, i, all) => segment !== "**" || all[i - 1] !== "**");
  const why = problem(segments);
  return why === undefined ? parsed(segments.join("/")) : refused(text, why);
}

function problem(segments: readonly string[]): string | undefined {
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    return `has an empty, "." or ".." segment, or none; write it like "rooms/*"`;
  }
  if (!segments.every(isPlainText)) return "contains a control character, or half of one; remove it";
  if (segments[0] === RESERVED_SEGMENT) return `begins with "${RESERVED_SEGMENT}", where no streams are`;
  const mixed = segments.find((segment) => segment !== "*" && segment !== "**" && segment.includes("*"));
  if (mixed !== undefined) {
    return `has the segment ${quote(mixed)}: a star is a whole segment; for the character write %2A`;
  }
  const wildcards = segments.filter((segment) => segment === "**").length;
  return wildcards > PATTERN_WILDCARDS_MAX
    ? `has more than ${String(PATTERN_WILDCARDS_MAX)} segments "**"; use fewer`
    : undefined;
}

function refused(text: string, why: string): { readonly ok: false; readonly error: ProtocolError } {
  return failed(protocolError("INVALID_SUBSCRIPTION", `The pattern ${quote(text)} ${why}.`));
}

function readPart(segment: string): Part {
  if (segment === "*") return { kind: "one" };
  if (segment === "**") return { kind: "any" };
  return { kind: "literal", text: segment.replace(/%2a/gi, "*") };
}

function literalPrefix(parts: readonly Part[]): string {
  const literals: string[] = [];
  for (const part of parts) {
    if (part.kind !== "literal") break;
    literals.push(part.text);
  }
  const prefix = literals.join("/");
  const rest = parts.slice(literals.length);
  // Behind `a` in `a/**` there may be nothing at all, so that the path is `a` itself.
  return literals.length === 0 || rest.every(({ kind }) => kind === "any") ? prefix : `${prefix}/`;
}

/**
 * Takes at most as many steps as parts times segments: where it goes wrong, only the last `**` is given one segment more.
 * An earlier one never needs to, since whatever it could gain the later one can gain as well.
 */
function matchesParts(parts: readonly Part[], segments: readonly string[]): boolean {
  let part = 0;
  let segment = 0;
  /** Where the last `**` stands, and the first segment that it has not been given yet. */
  let wildcard: { readonly part: number; segment: number } | undefined;
  while (segment < segments.length) {
    const here = parts[part];
    if (here?.kind === "any") {
      wildcard = { part, segment };
      part++;
    } else if (here?.kind === "one" || (here?.kind === "literal" && here.text === segments[segment])) {
      part++;
      segment++;
    } else if (wildcard === undefined) {
      return false;
    } else {
      wildcard.segment++;
      segment = wildcard.segment;
      part = wildcard.part + 1;
    }
  }
  return parts.slice(part).every(({ kind }) => kind === "any");
}
