import { visibleLine } from "../../client/visible-text.ts";
import { meanPerSecond, summed } from "../model/rates.ts";
import { selectedIndex, shownStreams, type ViewState } from "../model/state.ts";
import type { StreamState } from "../model/stream-state.ts";
import { counted, grouped, humanBytes, humanDuration } from "../../client/figures.ts";
import { shortNumber, sparkline } from "../../screen/text/figures.ts";
import type { Row, Tone } from "../../screen/text/segment.ts";
import { cut } from "../../screen/text/width.ts";
import { fitting, part, type Part } from "../../screen/parts.ts";
import { shortOffset } from "./sentences.ts";
import { markOf } from "./title.ts";

/** A minute in so many columns; where there is room, twice as many. */
const SPARKLINE_COLUMNS = 15;
const WIDE_COLUMNS = 100;

const OFFSET_COLUMNS = 12;
const FILTER_COLUMNS = 24;

/** How a stream stands, in words. */
function standing({ closed, connection, upToDate }: StreamState): string {
  if (closed) return "closed";
  if (connection === "live" && !upToDate) return "catching up";
  return connection;
}

function connectionParts(streams: readonly StreamState[]): readonly Part[] {
  const [only] = streams;
  if (streams.length === 1 && only !== undefined) {
    const mark = markOf(only);
    return [part(`${mark.text} ${standing(only)}`, 100, mark.tone)];
  }
  return [...new Set(streams.map(standing))].map((word) => {
    const group = streams.filter((stream) => standing(stream) === word);
    const mark = group[0] === undefined ? undefined : markOf(group[0]);
    return part(`${mark?.text ?? ""} ${String(group.length)} ${word}`, 90, mark?.tone ?? "plain");
  });
}

function modePart({ reading }: ViewState): Part {
  switch (reading.mode) {
    case "live":
    case "still":
      return part("", 0);
    case "paused":
      return part(`paused, ${shortNumber(reading.missed)} new`, 95, "warn");
    case "browsing":
      return part("browsing", 95, "warn");
  }
}

function filterPart({ filter }: ViewState): Part {
  return filter === undefined
    ? part("", 0)
    : part(cut(`filter ${visibleLine(filter.text)}`, FILTER_COLUMNS), 85, "warn");
}

function formPart({ form }: ViewState): Part {
  return form === "auto" ? part("", 0) : part(`as ${form}`, 82, "warn");
}

function lagParts(state: ViewState, streams: readonly StreamState[]): readonly Part[] {
  const last = Math.max(...streams.map(({ lastMessageAtMs }) => lastMessageAtMs ?? -Infinity));
  const ago = Number.isFinite(last) ? `last ${humanDuration(state.nowMs - last)} ago` : "";
  const reconnects = streams.reduce((sum, stream) => sum + stream.reconnects, 0);
  const [only] = streams;
  const answerMs = streams.length === 1 ? only?.answerMs : undefined;
  return [
    part(ago, 50, "dim"),
    part(reconnects === 0 ? "" : counted(reconnects, "reconnect"), 55, "dim"),
    part(answerMs === undefined ? "" : `answer ${String(Math.round(answerMs))} ms`, 20, "dim"),
  ];
}

function offsetPart(streams: readonly StreamState[]): Part {
  const [only] = streams;
  if (streams.length !== 1 || only?.offset === undefined) return part("", 0);
  return part(`next ${shortOffset(visibleLine(only.offset), OFFSET_COLUMNS)}`, 45, "dim");
}

/** Of messages that are all there: which one is chosen, of how many. */
function stillRow(state: ViewState, { total, bytes }: StreamState): Row {
  const shown = state.list.length;
  const chosen = shown === 0 ? "" : `message ${grouped(selectedIndex(state) + 1)} of ${grouped(shown)}`;
  return fitting(
    [
      part(chosen, 100),
      filterPart(state),
      formPart(state),
      part(shown === total ? "" : counted(total, "message"), 60, "dim"),
      part(humanBytes(bytes), 50, "dim"),
    ],
    state.columns,
  );
}

/** What moves on them: nothing is said of it while all that comes was there before. */
function rateParts(state: ViewState, streams: readonly StreamState[]): readonly Part[] {
  if (streams.every(({ connection, closed, caughtUp }) => connection === "live" && !closed && !caughtUp)) return [];
  const rates = summed(streams.map((stream) => stream.rates));
  const perSecond = meanPerSecond(rates.messages);
  const tone: Tone = perSecond > 0 ? "plain" : "dim";
  const bars = SPARKLINE_COLUMNS * (state.columns >= WIDE_COLUMNS ? 2 : 1);
  const isEmpty = streams.every(({ total }) => total === 0);
  return [
    part(`${shortNumber(perSecond)}/s`, 75, tone),
    part(`${humanBytes(meanPerSecond(rates.bytes))}/s`, 48, tone),
    part(isEmpty ? "" : sparkline(rates.messages, bars), 60, perSecond > 0 ? "good" : "dim"),
  ];
}

/** How the shown streams stand, and what moves on them. */
export function statusRow(state: ViewState): Row {
  const streams = shownStreams(state);
  const [first] = streams;
  if (state.reading.mode === "still" && first !== undefined) return stillRow(state, first);
  const total = streams.reduce((sum, stream) => sum + stream.total, 0);
  return fitting(
    [
      ...connectionParts(streams),
      modePart(state),
      filterPart(state),
      formPart(state),
      part(counted(total, "message"), 80),
      ...rateParts(state, streams),
      ...lagParts(state, streams),
      offsetPart(streams),
    ],
    state.columns,
  );
}
