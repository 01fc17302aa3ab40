import type { Notice } from "../../screen/scene.ts";
import type { Action } from "../keys.ts";
import { relisted } from "./choose.ts";
import { jumped, oneStream, skippedToEnd, toldOfTrial, type Step } from "./jump.ts";
import { revealed } from "./layout.ts";
import { choseIndex, goneLive, moved, paged, paused } from "./moves.ts";
import { fileNameFor, prompted } from "./prompting.ts";
import { matchAfter } from "./searching.ts";
import { isUnfolded, selectedMessage, type ViewState } from "./state.ts";

const FORMS = ["auto", "text", "hex"] as const;

const NO_MESSAGE: Notice = { text: "There is no message yet.", isProblem: true };
const ALL_THERE: Notice = {
  text: "All messages are here: nothing more is read.",
  isProblem: false,
};

/** What makes no sense where nothing is read. */
const READING: ReadonlySet<Action> = new Set(["pause", "offset", "start"]);

/** Escape closes one thing after the other, and leaves when nothing is open; from another view it goes back there. */
function back(state: ViewState): Step {
  if (state.trial !== undefined) return { state: { ...state, trial: undefined } };
  if (state.search !== undefined) return { state: { ...state, search: undefined, notice: undefined } };
  if (state.filter !== undefined) return { state: revealed(relisted({ ...state, filter: undefined })) };
  return { state, effect: state.isNested ? { type: "back" } : { type: "leave", interrupted: false } };
}

function live(state: ViewState): Step {
  if (state.reading.mode === "still") return { state: choseIndex(state, state.list.length - 1) };
  return state.reading.mode === "live" ? skippedToEnd(state) : { state: goneLive(state) };
}

function folded(state: ViewState): ViewState {
  const message = selectedMessage(state);
  if (message === undefined) return { ...state, notice: NO_MESSAGE };
  // What is looked into must not be pushed off the screen by what arrives.
  const still = paused(state);
  const unfolded = new Set(still.unfolded);
  const isNow = !isUnfolded(still, message);
  if (isNow === still.unfoldAll) unfolded.delete(message.number);
  else unfolded.add(message.number);
  return revealed({ ...still, unfolded });
}

function startOf(state: ViewState): Step {
  const stream = oneStream(state);
  if (typeof stream !== "number") return { state: stream };
  const step = jumped(state, stream, "-1");
  return { ...step, state: toldOfTrial(step.state, "Asking for the stream's start ...", false) };
}

function offsetPrompt(state: ViewState): ViewState {
  const stream = oneStream(state);
  return typeof stream === "number" ? prompted(state, "offset") : stream;
}

/** One stream alone, or all of them. */
export function showing(state: ViewState, tab: number | undefined): ViewState {
  if (state.streams.length === 1 || tab === state.tab || (tab ?? 0) >= state.streams.length) return state;
  const { reading, trial } = state;
  // Where another stream is looked at, the one that was jumped in is read on.
  const elsewhere = reading.mode === "browsing" && tab !== undefined && tab !== reading.stream;
  const isStillTried = tab === undefined || tab === trial?.stream;
  const shown = { ...state, tab, trial: isStillTried ? trial : undefined };
  return elsewhere ? goneLive(shown) : revealed(relisted(shown));
}

function turned(state: ViewState, by: 1 | -1): ViewState {
  const count = state.streams.length + 1;
  const next = ((state.tab ?? -1) + 1 + by + count) % count;
  return showing(state, next === 0 ? undefined : next - 1);
}

function withMessage(state: ViewState, then: (message: NonNullable<ReturnType<typeof selectedMessage>>) => Step): Step {
  const message = selectedMessage(state);
  return message === undefined ? { state: { ...state, notice: NO_MESSAGE } } : then(message);
}

const ACTS: Readonly<Record<Action, (state: ViewState) => Step>> = {
  leave: (state) => ({ state, effect: { type: "leave", interrupted: false } }),
  interrupt: (state) => ({ state, effect: { type: "leave", interrupted: true } }),
  back,
  pause: (state) => ({ state: state.reading.mode === "live" ? paused(state) : goneLive(state) }),
  up: (state) => ({ state: moved(state, -1) }),
  down: (state) => ({ state: moved(state, 1) }),
  pageUp: (state) => ({ state: paged(state, -1) }),
  pageDown: (state) => ({ state: paged(state, 1) }),
  first: (state) => ({ state: choseIndex(state, 0) }),
  live,
  fold: (state) => ({ state: folded(state) }),
  foldAll: (state) => ({ state: revealed({ ...state, unfoldAll: !state.unfoldAll, unfolded: new Set() }) }),
  form: (state) => {
    const form = FORMS[(FORMS.indexOf(state.form) + 1) % FORMS.length] ?? "auto";
    const says = {
      auto: "As the streams say: unfolded JSON is laid out.",
      text: "As text, just as it came: unfolded JSON is not laid out.",
      hex: "As bytes, in hexadecimal.",
    };
    return { state: revealed({ ...state, form, notice: { text: says[form], isProblem: false } }) };
  },
  search: (state) => ({ state: prompted(state, "search") }),
  next: (state) => ({ state: matchAfter(state, 1) }),
  previous: (state) => ({ state: matchAfter(state, -1) }),
  filter: (state) => ({ state: prompted(state, "filter", state.filter?.text) }),
  offset: (state) => ({ state: offsetPrompt(state) }),
  start: startOf,
  copy: (state) => withMessage(state, (message) => ({ state, effect: { type: "copy", message } })),
  // What is being saved must stay the chosen one while its name is typed.
  save: (state) => withMessage(state, () => ({ state: prompted(paused(state), "save", fileNameFor(state)) })),
  nextTab: (state) => ({ state: turned(state, 1) }),
  previousTab: (state) => ({ state: turned(state, -1) }),
  help: (state) => ({ state: { ...state, help: 0 } }),
};

export function acted(state: ViewState, action: Action): Step {
  if (state.reading.mode === "still" && READING.has(action)) return { state: { ...state, notice: ALL_THERE } };
  return ACTS[action](state);
}
