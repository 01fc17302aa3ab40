import { visibleLine } from "../../client/visible-text.ts";
import { meanPerSecond, summed } from "../model/rates.ts";
import { shownStreams, type ViewState } from "../model/state.ts";
import type { StreamState } from "../model/stream-state.ts";
import { counted, shortBytes, shortDuration, shortNumber, sparkline } from "../text/figures.ts";
import type { Row, Tone } from "../text/segment.ts";
import { cut } from "../text/width.ts";
import { fitting, part, type Part } from "./parts.ts";
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
  if (reading.mode === "live") return part("", 0);
  const text = reading.mode === "paused" ? `paused, ${shortNumber(reading.missed)} new` : "browsing";
  return part(text, 95, "warn");
}

function filterPart({ filter }: ViewState): Part {
  return filter === undefined
    ? part("", 0)
    : part(cut(`filter ${visibleLine(filter.text)}`, FILTER_COLUMNS), 85, "warn");
}

function lagParts(state: ViewState, streams: readonly StreamState[]): readonly Part[] {
  const last = Math.max(...streams.map(({ lastMessageAtMs }) => lastMessageAtMs ?? -Infinity));
  const ago = Number.isFinite(last) ? `last ${shortDuration(state.nowMs - last)} ago` : "";
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

/** How the shown streams stand, and what moves on them. */
export function statusRow(state: ViewState): Row {
  const streams = shownStreams(state);
  const rates = summed(streams.map((stream) => stream.rates));
  const total = streams.reduce((sum, stream) => sum + stream.total, 0);
  const perSecond = meanPerSecond(rates.messages);
  const tone: Tone = perSecond > 0 ? "plain" : "dim";
  const bars = SPARKLINE_COLUMNS * (state.columns >= WIDE_COLUMNS ? 2 : 1);
  return fitting(
    [
      ...connectionParts(streams),
      modePart(state),
      filterPart(state),
      part(counted(total, "message"), 80),
      part(`${shortNumber(perSecond)}/s`, 75, tone),
      part(`${shortBytes(meanPerSecond(rates.bytes))}/s`, 48, tone),
      part(total === 0 ? "" : sparkline(rates.messages, bars), 60, perSecond > 0 ? "good" : "dim"),
      ...lagParts(state, streams),
      offsetPart(streams),
    ],
    state.columns,
  );
}
