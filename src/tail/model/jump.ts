import type { Step as AnyStep } from "../../screen/store.ts";
import { relisted } from "./choose.ts";
import type { Effect } from "./event.ts";
import { goneLive } from "./moves.ts";
import { RING_MAX_BYTES, costOf, without } from "./ring.ts";
import { selectedIndex, shownStreams, type ViewState } from "./state.ts";
import { reopened } from "./stream-state.ts";

/** Where a stream is browsed, so many messages are read ahead of the chosen one. */
export const READ_AHEAD_MESSAGES = 1_000;

export type Step = AnyStep<ViewState, Effect>;

function opened(state: ViewState, stream: number, offset: string): Step {
  const before = state.streams[stream];
  if (before === undefined) return { state };
  const now = reopened(before);
  const streams = state.streams.map((each, i) => (i === stream ? now : each));
  return { state: { ...state, streams }, effect: { type: "read", stream, reading: now.reading, offset } };
}

/** The one stream that is shown, or a word of advice. */
export function oneStream(state: ViewState): number | ViewState {
  if (state.tab !== undefined) return state.tab;
  const text = `Choose one stream first: Tab, or 1 to ${String(state.streams.length)}.`;
  return { ...state, notice: { text, isProblem: true } };
}

/** Reads the stream that is shown from an offset, and holds there to be looked through. */
export function jumped(state: ViewState, stream: number, offset: string): Step {
  const step = opened(state, stream, offset);
  const ring = without(state.ring, stream);
  const browsing: ViewState = {
    ...step.state,
    ring,
    reading: { mode: "browsing", stream },
    selected: -1,
    top: { number: -1, row: 0 },
  };
  return { ...step, state: relisted(browsing) };
}

/** A jump led nowhere: the stream is read from its present end again. */
export function returned(state: ViewState, stream: number, problem: string): Step {
  const step = opened(state, stream, "now");
  const notice = { text: problem, isProblem: true };
  return { ...step, state: { ...goneLive(step.state), notice } };
}

/** Leaves out what a stream that is behind has not read yet. */
export function skippedToEnd(state: ViewState): Step {
  const behind = shownStreams(state).find((stream) => isBehind(stream));
  if (behind === undefined) return { state };
  const step = opened(state, state.streams.indexOf(behind), "now");
  const notice = { text: `Skipped to the present end of ${behind.name}.`, isProblem: false };
  return { ...step, state: { ...step.state, notice } };
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
