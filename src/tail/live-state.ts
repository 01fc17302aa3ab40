/** The live view as data: what has happened goes in as events, what is shown comes out as a state. No I/O, no clock. */

/** The newest lines are kept; a stream may run for days. */
export const SHOWN_MAX_LINES = 1_000;

/** The rate is that of the last so many milliseconds. */
export const RATE_WINDOW_MS = 5_000;

export type Connection = "connecting" | "live" | "waiting" | "ended";

interface Line {
  /** Counts from 0 over the whole run: a stable key. */
  readonly number: number;
  readonly text: string;
}

interface Arrival {
  readonly atMs: number;
  readonly count: number;
}

export interface LiveState {
  readonly stream: string;
  readonly connection: Connection;
  /** What went wrong, while the connection is waited for or once it has ended. */
  readonly problem: string | undefined;
  readonly offset: string | undefined;
  readonly upToDate: boolean;
  /** The stream is closed: nothing will follow. */
  readonly closed: boolean;
  /** Messages since the view began. */
  readonly total: number;
  readonly bytes: number;
  /** The newest lines, oldest first. */
  readonly lines: readonly Line[];
  /** Arrivals within the window of the rate, oldest first. */
  readonly arrivals: readonly Arrival[];
  readonly messagesPerSecond: number;
}

export type LiveEvent =
  | { readonly type: "connection"; readonly connection: Connection; readonly problem?: string | undefined }
  | {
      readonly type: "messages";
      readonly texts: readonly string[];
      readonly bytes: number;
      readonly offset: string | undefined;
      readonly upToDate: boolean;
      readonly closed: boolean;
      readonly atMs: number;
    }
  /** Time passes: the rate of a stream that has fallen silent goes down. */
  | { readonly type: "tick"; readonly atMs: number };

export function initialState(stream: string): LiveState {
  return {
    stream,
    connection: "connecting",
    problem: undefined,
    offset: undefined,
    upToDate: false,
    closed: false,
    total: 0,
    bytes: 0,
    lines: [],
    arrivals: [],
    messagesPerSecond: 0,
  };
}

function withRate(state: LiveState, arrivals: readonly Arrival[], atMs: number): LiveState {
  const recent = arrivals.filter((arrival) => arrival.atMs > atMs - RATE_WINDOW_MS);
  const count = recent.reduce((sum, arrival) => sum + arrival.count, 0);
  return { ...state, arrivals: recent, messagesPerSecond: (count * 1000) / RATE_WINDOW_MS };
}

export function reduce(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case "connection":
      return { ...state, connection: event.connection, problem: event.problem };
    case "tick":
      return withRate(state, state.arrivals, event.atMs);
    case "messages": {
      const { texts, atMs } = event;
      const added = texts.map((text, i) => ({ number: state.total + i, text })).slice(-SHOWN_MAX_LINES);
      const next: LiveState = {
        ...state,
        offset: event.offset ?? state.offset,
        upToDate: event.upToDate,
        closed: state.closed || event.closed,
        total: state.total + texts.length,
        bytes: state.bytes + event.bytes,
        lines: [...state.lines, ...added].slice(-SHOWN_MAX_LINES),
      };
      return withRate(next, [...state.arrivals, { atMs, count: texts.length }], atMs);
    }
  }
}
