/** The live view as a function: what happens goes in, the next state and what the world is to do come out. No I/O, no clock. */
import { scrolledHelp } from "../../screen/help.ts";
import { actionOf, BINDINGS } from "../keys.ts";
import { acted, showing } from "./acting.ts";
import { extended } from "./choose.ts";
import type { Batch, ViewEvent } from "./event.ts";
import { heard, isTried, toldOfTrial, type Step } from "./jump.ts";
import { revealed } from "./layout.ts";
import type { Message } from "./message.ts";
import { promptKey, promptText } from "./prompting.ts";
import { NO_LIMITS, pushed } from "./ring.ts";
import type { ViewState } from "./state.ts";
import { connectionChanged, progressed, ticked } from "./stream-state.ts";

/** When the folded and unfolded ones that are remembered are gone through for those that are gone. */
const UNFOLDED_MAX = 1_000;

function arrived(before: ViewState, atMs: number, batches: readonly Batch[]): ViewState {
  const state = batches.reduce((next, { stream, reading }) => heard(next, stream, reading), before);
  const streams = [...state.streams];
  const added: Message[] = [];
  for (const { stream, reading, arrivals, progress } of batches) {
    const read = streams[stream];
    // What an earlier reader still had on its way belongs to no place that is shown.
    if (read?.reading !== reading) continue;
    streams[stream] = progressed(read, progress, atMs);
    for (const arrival of arrivals) added.push({ ...arrival, stream, atMs, number: state.nextNumber + added.length });
  }
  const ring = pushed(state.ring, added, state.reading.mode === "still" ? NO_LIMITS : undefined);
  const next = { ...state, streams, ring, nextNumber: state.nextNumber + added.length, nowMs: atMs };
  return forgetful(extended(next, added));
}

function connected(before: ViewState, event: Extract<ViewEvent, { readonly type: "connection" }>): ViewState {
  const { stream, reading, connection, problem, atMs } = event;
  const { trial } = before;
  if (trial !== undefined && isTried(before, stream, reading)) {
    if (connection === "connecting") return { ...before, trial: { ...trial, connectingSinceMs: atMs } };
    if (connection === "waiting") return problem === undefined ? before : toldOfTrial(before, problem, true);
  }
  const state = heard(before, stream, reading);
  const streams = state.streams.map((each, i) =>
    i === stream && each.reading === reading ? connectionChanged(each, connection, atMs, problem) : each,
  );
  return { ...state, streams };
}

/** Drops what is remembered of messages that are gone. */
function forgetful(state: ViewState): ViewState {
  const { unfolded, ring, list } = state;
  if (unfolded.size < UNFOLDED_MAX) return state;
  const oldest = Math.min(ring.messages[0]?.number ?? 0, list[0]?.number ?? 0);
  return { ...state, unfolded: new Set([...unfolded].filter((number) => number >= oldest)) };
}

/** Keys while the help is open scroll it or close it. */
function helpKey(state: ViewState, top: number, key: string): Step {
  const action = actionOf(key);
  if (action === "interrupt") return acted(state, action);
  return { state: { ...state, help: scrolledHelp(top, action, BINDINGS.length) } };
}

function pressed(state: ViewState, key: string): Step {
  if (state.prompt !== undefined) {
    return key === "ctrl-c" ? acted(state, "interrupt") : promptKey(state, state.prompt, key);
  }
  if (state.help !== undefined) return helpKey(state, state.help, key);
  const fresh = state.notice === undefined ? state : { ...state, notice: undefined };
  if (/^\d$/.test(key)) return { state: showing(fresh, key === "0" ? undefined : Number(key) - 1) };
  const action = actionOf(key);
  return action === undefined ? { state: fresh } : acted(fresh, action);
}

export function reduce(state: ViewState, event: ViewEvent): Step {
  switch (event.type) {
    case "arrived":
      return { state: arrived(state, event.atMs, event.batches) };
    case "connection":
      return { state: connected(state, event) };
    case "refused": {
      const { stream, reading, problem } = event;
      if (!isTried(state, stream, reading)) return { state };
      return { state: { ...toldOfTrial(state, problem, true), trial: undefined } };
    }
    case "tick":
      return {
        state: { ...state, nowMs: event.atMs, streams: state.streams.map((each) => ticked(each, event.atMs)) },
      };
    case "resized":
      return { state: revealed({ ...state, columns: event.columns, rows: event.rows }) };
    case "key":
      return pressed(state, event.key);
    case "text":
      return { state: state.prompt === undefined ? state : promptText(state, state.prompt, event.text) };
    case "told": {
      const { text, isProblem, keepsPrompt } = event;
      if (!keepsPrompt || state.prompt === undefined) {
        return { state: revealed({ ...state, prompt: undefined, notice: { text, isProblem } }) };
      }
      return { state: revealed({ ...state, prompt: { ...state.prompt, note: { text, isProblem } } }) };
    }
  }
}
