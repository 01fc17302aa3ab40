import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { counted, grouped, humanBytes, humanDuration } from "../../client/figures.ts";
import { cutRow } from "../../screen/text/row-cut.ts";
import { segment, type Row, type Tone } from "../../screen/text/segment.ts";
import { cutLeft, padded, wrapped } from "../../screen/text/width.ts";
import { shortOffset } from "../../tail/view/sentences.ts";
import { chosenPart, detailRoom, rangeOf, type Check, type InspectState } from "./state.ts";

const NAME_COLUMNS = 9;

/** Our own offsets without their leading group, which is always zero. */
const OFFSET_USUAL_COLUMNS = 18;

type Line = readonly [name: string, text: string, tone?: Tone];

function checkText(check: Check | undefined): string {
  switch (check?.state) {
    case undefined:
      return "not checked; v fetches and checks it";
    case "checking":
      return "being checked";
    case "intact":
      return "intact: every checksum holds, and it is what the manifest says";
    case "damaged":
      return check.findings.join(" ");
  }
}

export function checkTone(check: Check | undefined): Tone {
  if (check?.state === "damaged") return "bad";
  return check?.state === "intact" ? "good" : "dim";
}

function ago(atMs: number, nowMs: number): string {
  return `${new Date(atMs).toISOString()} (${humanDuration(nowMs - atMs)} ago)`;
}

function rangeText(range: readonly [string, string], room: number): string {
  const whole = range.join(" to ");
  return whole.length <= room ? whole : range.map((offset) => shortOffset(offset, OFFSET_USUAL_COLUMNS)).join(" to ");
}

function segmentLines(row: SegmentRow, check: Check | undefined, nowMs: number, room: number): readonly Line[] {
  const { messages, bytes, objectBytes, key, appendedAtMs, sealedAtMs, attempts } = row;
  const tries = attempts > 1 ? `, at the ${String(attempts)}. attempt` : "";
  return [
    ["checksums", checkText(check), checkTone(check)],
    ["holds", `${counted(messages, "message")}, ${humanBytes(bytes)}, in an object of ${humanBytes(objectBytes)}`],
    // What tells one from another is its right end.
    ["object", cutLeft(visibleLine(key), room)],
    ["newest", ago(appendedAtMs, nowMs)],
    ["sealed", sealedAtMs === null ? "" : `${ago(sealedAtMs, nowMs)}${tries}`],
  ];
}

function sealingText({ sealing, hot }: StreamMap, nowMs: number): string {
  const { state, maxMessages, maxBytes, failures, nextAttemptAtMs } = sealing;
  const isLimited = maxMessages !== undefined && maxBytes !== undefined;
  const limits = isLimited ? `, at ${counted(maxMessages, "message")} or ${humanBytes(maxBytes)}` : "";
  const next = nextAttemptAtMs === undefined ? "" : `, next in ${humanDuration(nextAttemptAtMs - nowMs)}`;
  const tries = failures === 0 ? "" : `, failed ${counted(failures, "time")}${next}`;
  const until = state === "deferred" ? " until the writers pause" : "";
  return `${state}${until}${limits}${tries}; ${counted(hot.rows, "row")}`;
}

function producersText({ producers }: StreamMap): string {
  const shown = producers.list
    .slice(0, 3)
    .map(({ id, epoch, lastSeq }) => `${id} (${String(epoch)}, ${String(lastSeq)})`);
  const more = producers.count > shown.length ? [`${grouped(producers.count - shown.length)} more`] : [];
  return [...shown, ...more].join(", ");
}

function hotLines(map: StreamMap, nowMs: number): readonly Line[] {
  const { hot, sealing, readers } = map;
  return [
    ["holds", `${counted(hot.messages, "message")}, ${humanBytes(hot.bytes)}; not sealed, so without checksums`],
    ["sealing", sealingText(map, nowMs), sealing.failures > 0 ? "warn" : "plain"],
    ["error", sealing.lastError ?? "", "bad"],
    ["readers", counted(readers, "live reader")],
    ["producers", producersText(map)],
  ];
}

/** What is wrong is worth more than a row. */
function wrappedLine([name, text, tone = "plain"]: Line, room: number): readonly Line[] {
  return wrapped(visibleLine(text), room).map((row, i) => [i === 0 ? name : "", row, tone] as const);
}

/** What is known of the chosen part, the most important first; as many rows as there is room for. */
export function detailRows(state: InspectState): readonly Row[] {
  const part = chosenPart(state);
  const { map, rows, checks, nowMs, columns } = state;
  const range = rangeOf(state, part);
  const room = columns - NAME_COLUMNS - 1;
  const lines: Line[] = range === undefined ? [] : [["offsets", rangeText(range, room)]];
  if (part.kind === "hot") lines.push(...hotLines(map, nowMs));
  else if (part.kind === "inherited") {
    const holder = map.fork?.inherited[part.index];
    lines.push(["kept with", holder?.stream ?? ""], ["since", holder?.incarnation ?? ""]);
  } else {
    const row = rows.get(part.number);
    if (row === undefined) lines.push(["segment", `${String(part.number)}: being looked up`, "dim"]);
    else lines.push(...segmentLines(row, checks.get(part.number), nowMs, room));
  }
  const shown = lines
    .filter(([, text]) => text !== "")
    .flatMap((line) => (line[2] === "bad" ? wrappedLine(line, room) : [line]))
    .slice(0, detailRoom(state));
  const blank = Array.from({ length: detailRoom(state) - shown.length }, (): Row => []);
  return [
    ...shown.map(([name, text, tone]) =>
      cutRow([segment(`${padded(name, NAME_COLUMNS)} `, "dim"), segment(visibleLine(text), tone ?? "plain")], columns),
    ),
    ...blank,
  ];
}
