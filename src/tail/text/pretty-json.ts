import { visibleLine } from "../../client/visible-text.ts";
import { segment, type Row, type Segment, type Tone } from "../../screen/text/segment.ts";

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const INDENT = "  ";
/** What is nested deeper stands no further to the right. */
const MAX_INDENTS = 30;

function toneOf(token: string): Tone {
  if (token.startsWith('"')) return "string";
  return /^[-\d]/.test(token) ? "number" : "strong";
}

/** Lines of JSON under construction. */
class Lines {
  readonly done: Row[] = [];
  #line: Segment[] = [];
  #depth = 0;

  add(text: string, tone: Tone): void {
    if (this.#line.length === 0 && this.#depth > 0)
      this.#line.push(segment(INDENT.repeat(Math.min(this.#depth, MAX_INDENTS))));
    this.#line.push(segment(visibleLine(text), tone));
  }

  /** Makes the string that was just added a key. */
  key(): void {
    const last = this.#line.at(-1);
    if (last !== undefined) this.#line.splice(-1, 1, segment(last.text, "key"));
    this.add(": ", "dim");
  }

  end(deeper = 0): void {
    if (this.#line.length > 0) this.done.push(this.#line);
    this.#line = [];
    this.#depth += deeper;
  }
}

/**
 * JSON over several lines, every value as it was written: numbers keep their digits, strings their escapes, objects the
 * order of their keys. Nothing for what is not JSON. No more lines are made than are asked for.
 */
export function prettyJson(text: string, maxLines: number): readonly Row[] | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const lines = new Lines();
  let opened = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (lines.done.length >= maxLines) break;
    const closes = token === "}" || token === "]";
    if (opened && !closes) lines.end(1);
    if (closes && !opened) lines.end(-1);
    opened = token === "{" || token === "[";
    if (token === ":") lines.key();
    else if (token === ",") {
      lines.add(token, "dim");
      lines.end();
    } else lines.add(token, opened || closes ? "dim" : toneOf(token));
  }
  lines.end();
  return lines.done.slice(0, maxLines);
}
