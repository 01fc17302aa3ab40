import type { Step as AnyStep } from "../../screen/store.ts";
import { relisted } from "./choose.ts";
import type { Effect } from "./event.ts";
import { revealed } from "./layout.ts";
import { RING_MAX_BYTES, costOf, without } from "./ring.ts";
import { selectedIndex, shownStreams, type ViewState } from "./state.ts";
import { reopened } from "./stream-state.ts";

/** Where a stream is browsed, so many messages are read ahead of the chosen one. */
export const READ_AHEAD_MESSAGES = 1_000;

export type Step = AnyStep<ViewState, Effect>;

/** The one stream that is shown, or a word of advice. */
export function oneStream(state: ViewState): number | ViewState {
  if (state.tab !== undefined) return state.tab;
  const text = `Choose one stream first: Tab, or 1 to ${String(state.streams.length)}.`;
  return { ...state, notice: { text, isProblem: true } };
}

/** Asks for another place of a stream; what is shown stays until it is known that it can be read from there. */
export function jumped(state: ViewState, stream: number, offset: string): Step {
  const before = state.streams[stream];
  if (before === undefined) return { state };
  const reading = before.readings + 1;
  const streams = state.streams.map((each, i) => (i === stream ? { ...each, readings: reading } : each));
  const trial = { stream, reading, connectingSinceMs: undefined };
  return { state: { ...state, streams, trial }, effect: { type: "read", stream, reading, offset } };
}

export function isTried({ trial }: ViewState, stream: number, reading: number): boolean {
  return trial?.stream === stream && trial.reading === reading;
}

/** Something has come from a place. Where it was only tried, the stream is now read from there, to be looked through. */
export function heard(state: ViewState, stream: number, reading: number): ViewState {
  if (!isTried(state, stream, reading)) return state;
  const connectingSinceMs = state.trial?.connectingSinceMs;
  // What was read before may well come once more: it is counted from the new place.
  const streams = state.streams.map((each, i) =>
    i === stream ? { ...reopened(each, reading), connectingSinceMs, total: 0, bytes: 0 } : each,
  );
  const place = { reading: { mode: "browsing", stream }, selected: -1, top: { number: -1, row: 0 } } as const;
  const { prompt } = state;
  // A search or a filter goes on being typed, and Escape no longer leads back to what is given up here.
  const isNarrowing = prompt?.kind === "search" || prompt?.kind === "filter";
  return relisted({
    ...state,
    ...place,
    streams,
    trial: undefined,
    ring: without(state.ring, stream),
    notice: undefined,
    prompt: isNarrowing ? { ...prompt, before: { ...prompt.before, ...place } } : undefined,
  });
}

/** What there is to say of a place that is tried: beside what was typed, where it was typed. */
export function toldOfTrial(state: ViewState, text: string, isProblem: boolean): ViewState {
  const notice = { text, isProblem };
  const { prompt } = state;
  return revealed(prompt?.kind === "offset" ? { ...state, prompt: { ...prompt, note: notice } } : { ...state, notice });
}

/** Leaves out what a stream that is behind has not read yet. */
export function skippedToEnd(state: ViewState): Step {
  const behind = shownStreams(state).find((stream) => isBehind(stream));
  if (behind === undefined) return { state };
  const stream = state.streams.indexOf(behind);
  const reading = behind.readings + 1;
  const streams = state.streams.map((each, i) => (i === stream ? reopened(each, reading) : each));
  const notice = { text: `Skipped to the present end of ${behind.name}.`, isProblem: false };
  return {
    state: { ...state, streams, trial: undefined, notice },
    effect: { type: "read", stream, reading, offset: "now" },
  };
}

function isBehind({ upToDate, closed, connection, total }: ViewState["streams"][number]): boolean {
  return connection === "live" && !upToDate && !closed && total > 0;
}

/** Whether a reader may go on: one whose stream is browsed waits until what it has read is looked at. */
export function mayRead(state: ViewState, stream: number): boolean {
  const { reading, list } = state;
  if (reading.mode !== "browsing" || reading.stream !== stream) return true;
  const ahead = list.slice(selectedIndex(state) + 1);
  if (ahead.length >= READ_AHEAD_MESSAGES) return false;
  return ahead.reduce((sum, message) => sum + costOf(message), 0) < RING_MAX_BYTES / 2;
}
