import { advanced, counted, NO_RATES, type Rates } from "./rates.ts";

export type Connection = "connecting" | "live" | "waiting" | "ended";

/** One of the shown streams: how its connection stands and how far it was read. Times are milliseconds. */
export interface StreamState {
  /** As the command line named it. */
  readonly name: string;
  readonly url: string;
  readonly connection: Connection;
  /** What went wrong, while the connection is waited for. */
  readonly problem: string | undefined;
  /** Connections after the first one. */
  readonly reconnects: number;
  readonly connectingSinceMs: number | undefined;
  /** From the last request of a live read to the head of its answer. */
  readonly answerMs: number | undefined;
  readonly offset: string | undefined;
  /** Everything the server had when it last spoke has arrived. */
  readonly upToDate: boolean;
  /** What was there when it was connected has arrived: what comes now comes as it is appended. */
  readonly caughtUp: boolean;
  /** The stream is closed: nothing will follow. */
  readonly closed: boolean;
  readonly total: number;
  readonly bytes: number;
  /** When the newest message came, if that was as it was appended: when older ones were, nobody says. */
  readonly lastMessageAtMs: number | undefined;
  readonly rates: Rates;
  /** Which of the places that it was asked for it is read from: what an earlier reader still says is not heard. */
  readonly reading: number;
  /** Counts the places that it was asked for, besides the first. */
  readonly readings: number;
}

export function newStream(name: string, url: string): StreamState {
  return {
    name,
    url,
    connection: "connecting",
    problem: undefined,
    reconnects: 0,
    connectingSinceMs: undefined,
    answerMs: undefined,
    offset: undefined,
    upToDate: false,
    caughtUp: false,
    closed: false,
    total: 0,
    bytes: 0,
    lastMessageAtMs: undefined,
    rates: NO_RATES,
    reading: 0,
    readings: 0,
  };
}

export function connectionChanged(
  stream: StreamState,
  connection: Connection,
  atMs: number,
  problem: string | undefined,
): StreamState {
  const next = { ...stream, connection, problem };
  switch (connection) {
    case "connecting":
      // What went wrong stays on the screen until it goes well.
      return { ...next, problem: stream.problem, connectingSinceMs: atMs };
    case "live": {
      const { connectingSinceMs } = stream;
      const answerMs = connectingSinceMs === undefined ? stream.answerMs : atMs - connectingSinceMs;
      const again = stream.answerMs === undefined ? 0 : 1;
      return { ...next, connectingSinceMs: undefined, answerMs, reconnects: stream.reconnects + again };
    }
    case "waiting":
      return { ...next, upToDate: false, caughtUp: false };
    case "ended":
      return next;
  }
}

/** What one batch brought. */
export interface Progress {
  readonly count: number;
  readonly bytes: number;
  readonly offset: string | undefined;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

export function progressed(stream: StreamState, progress: Progress, atMs: number): StreamState {
  const { caughtUp } = stream;
  const newest = caughtUp ? atMs : undefined;
  return {
    ...stream,
    offset: progress.offset ?? stream.offset,
    upToDate: progress.upToDate,
    closed: stream.closed || progress.closed,
    total: stream.total + progress.count,
    bytes: stream.bytes + progress.bytes,
    caughtUp: caughtUp || progress.upToDate || progress.closed,
    lastMessageAtMs: progress.count === 0 ? stream.lastMessageAtMs : newest,
    // What was there before is no traffic, however fast it comes.
    rates: caughtUp ? counted(stream.rates, atMs, progress.count, progress.bytes) : advanced(stream.rates, atMs),
  };
}

export function ticked(stream: StreamState, atMs: number): StreamState {
  const rates = advanced(stream.rates, atMs);
  return rates === stream.rates ? stream : { ...stream, rates };
}

/** Read anew from elsewhere. */
export function reopened(stream: StreamState, reading: number): StreamState {
  return {
    ...newStream(stream.name, stream.url),
    reading,
    readings: Math.max(stream.readings, reading),
    rates: stream.rates,
    total: stream.total,
    bytes: stream.bytes,
  };
}
