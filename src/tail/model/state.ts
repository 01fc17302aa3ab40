import type { Filter } from "../filter/filter.ts";
import type { Notice, Typed } from "../../screen/scene.ts";
import type { Form } from "../text/message-rows.ts";
import type { Message } from "./message.ts";
import { EMPTY_RING, type Ring } from "./ring.ts";
import { newStream, type StreamState } from "./stream-state.ts";

/** What the list does when messages arrive. */
type Reading =
  /** It shows the newest. */
  | { readonly mode: "live" }
  /** It stands still, whatever arrives and whatever the ring lets go. */
  | { readonly mode: "paused"; readonly frozen: readonly Message[]; readonly missed: number }
  /** A stream is read from a place that was jumped to, no faster than it is looked through. */
  | { readonly mode: "browsing"; readonly stream: number }
  /** All is there from the beginning, and nothing is read. `end` is said after the last message. */
  | { readonly mode: "still"; readonly end: string };

export interface Prompt extends Typed {
  readonly kind: "search" | "filter" | "offset" | "save";
  /** What Escape goes back to. */
  readonly before: Before;
}

/** What typing changes at once. */
export type Before = Pick<ViewState, "search" | "filter" | "reading" | "selected" | "top">;

/** Before the line that is typed. */
export const PROMPT_LABELS: Readonly<Record<Prompt["kind"], string>> = {
  search: "/",
  filter: "filter: ",
  offset: "offset: ",
  save: "save as: ",
};

/** Another place that a stream was asked for. Until the server has answered, nothing of what is shown is given up. */
interface Trial {
  readonly stream: number;
  readonly reading: number;
  readonly connectingSinceMs: number | undefined;
}

/** A row of a message: what stands at the top of the screen. */
interface Top {
  readonly number: number;
  readonly row: number;
}

export interface ViewState {
  readonly streams: readonly StreamState[];
  /** The stream that is shown alone; otherwise all are, in the order of arrival. */
  readonly tab: number | undefined;
  readonly ring: Ring;
  readonly nextNumber: number;
  readonly reading: Reading;
  readonly trial: Trial | undefined;
  /** What can be seen: of the ring, or of what was frozen, the messages of the tab that pass the filter. */
  readonly list: readonly Message[];
  /** The number of the chosen message; live, it is the newest. */
  readonly selected: number;
  readonly top: Top;
  readonly filter: { readonly text: string; readonly filter: Filter } | undefined;
  readonly search: string | undefined;
  readonly unfolded: ReadonlySet<number>;
  readonly unfoldAll: boolean;
  readonly form: Form;
  readonly prompt: Prompt | undefined;
  /** The first row of the help that is shown, while it is. */
  readonly help: number | undefined;
  readonly notice: Notice | undefined;
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  /** Whether the view was opened from another one, which Escape leads back to. */
  readonly isNested: boolean;
}

/** How the view begins, where it is not `tail`'s. */
export interface Opening {
  readonly isNested?: boolean;
  /** Makes it a view of messages that are all there; said after the last of them. */
  readonly stillEnd?: string;
}

export interface Named {
  readonly name: string;
  readonly url: string;
}

export function initialState(streams: readonly Named[], { isNested = false, stillEnd }: Opening = {}): ViewState {
  return {
    streams: streams.map(({ name, url }) => newStream(name, url)),
    tab: streams.length === 1 ? 0 : undefined,
    ring: EMPTY_RING,
    nextNumber: 0,
    reading: stillEnd === undefined ? { mode: "live" } : { mode: "still", end: stillEnd },
    trial: undefined,
    list: [],
    selected: -1,
    top: { number: -1, row: 0 },
    filter: undefined,
    search: undefined,
    unfolded: new Set(),
    unfoldAll: false,
    form: "auto",
    prompt: undefined,
    help: undefined,
    notice: undefined,
    columns: 80,
    rows: 24,
    nowMs: 0,
    isNested,
  };
}

/** The streams that the tab shows. */
export function shownStreams({ streams, tab }: ViewState): readonly StreamState[] {
  return tab === undefined ? streams : streams.slice(tab, tab + 1);
}

/** Where in the list a message is, or would be. */
export function indexOf(list: readonly Message[], number: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.number ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where in the list the chosen message is; -1 in an empty one. */
export function selectedIndex({ list, reading, selected }: ViewState): number {
  return reading.mode === "live" ? list.length - 1 : Math.min(indexOf(list, selected), list.length - 1);
}

export function selectedMessage(state: ViewState): Message | undefined {
  return state.list[selectedIndex(state)];
}

export function isUnfolded({ unfoldAll, unfolded }: ViewState, message: Message): boolean {
  return unfoldAll !== unfolded.has(message.number);
}
