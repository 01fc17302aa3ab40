import type { ContentKind } from "../../protocol/content-type.ts";
import { parseOffset } from "../../protocol/offset.ts";
import type { ConnectionState } from "../../client/follow.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";
import type { LiveStore } from "../live-store.ts";
import type { Batch } from "../model/event.ts";
import { isTried, mayRead } from "../model/jump.ts";
import { arrivalOf } from "../model/message.ts";
import type { Frames } from "./frames.ts";
import { now } from "../../screen/now.ts";
import type { ViewSource, ViewStart } from "./source.ts";

/** What a reader works on. */
export interface Readable {
  readonly store: LiveStore;
  readonly frames: Frames;
  readonly source: ViewSource;
  /** Which of the view's streams it is. */
  readonly stream: number;
}

/** What went wrong, in few columns: the view says elsewhere where the stream is. */
export function reasonOf(error: unknown, { name, url }: ViewSource): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(url, name);
}

function problemOf(state: ConnectionState, source: ViewSource): string | undefined {
  if (state.name !== "waiting") return undefined;
  return `Trying again in ${(state.waitMs / 1000).toFixed(1)} s: ${reasonOf(state.error, source)}`;
}

/**
 * Where each of these records begins. Offsets are opaque: they tell positions only where they count, since the batch
 * before, just what has come.
 */
function positionsOf(
  kind: ContentKind,
  records: readonly Uint8Array[],
  before: number | undefined,
  nextOffset: string | undefined,
): readonly number[] | undefined {
  const end = nextOffset === undefined ? undefined : parseOffset(nextOffset);
  const sizes = records.map((record) => (kind === "json" ? 1 : record.byteLength));
  const start = (end ?? NaN) - sizes.reduce((sum, size) => sum + size, 0);
  if (!(start >= 0) || (before !== undefined && before !== start)) return undefined;
  let at = start;
  return sizes.map((size) => (at += size) - size);
}

/** What is known of a start. */
function positionOf(start: ViewStart): number | undefined {
  if (start.at === "last") return undefined;
  return start.offset === "-1" ? 0 : parseOffset(start.offset);
}

interface Read {
  readonly reading: number;
  readonly records: readonly Uint8Array[];
  /** Where the batch before it ended. */
  readonly before: number | undefined;
}

function toBatch({ stream }: Readable, batch: StreamBatch, { reading, records, before }: Read): Batch {
  const { kind, nextOffset: offset, upToDate, closed } = batch;
  const bytes = batch.pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const positions = positionsOf(kind, records, before, offset);
  return {
    stream,
    reading,
    arrivals: records.map((record, i) => ({ ...arrivalOf(kind, record, offset), position: positions?.[i] })),
    progress: { count: records.length, bytes, offset, upToDate, closed },
  };
}

/** Waits until what was read is looked at, where a stream is browsed. */
function untilMayRead({ store, stream }: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!signal.aborted && !mayRead(store.getState(), stream)) return;
      signal.removeEventListener("abort", look);
      unsubscribe();
      resolve();
    };
    const unsubscribe = store.subscribe(look);
    signal.addEventListener("abort", look);
    look();
  });
}

/** Reads a stream from one place to its end. What it throws is what ended it. */
async function read(readable: Readable, reading: number, start: ViewStart, signal: AbortSignal): Promise<void> {
  const { store, frames, source, stream } = readable;
  const tell = (connection: "ended" | ConnectionState["name"], problem: string | undefined): void => {
    // In order: what arrived before the connection changed is shown before it.
    frames.flush();
    store.dispatch({ type: "connection", stream, reading, connection, problem, atMs: now() });
  };
  const split = source.splitter();
  let before = positionOf(start);
  for await (const batch of source.open(start, signal, (state) => {
    tell(state.name, problemOf(state, source));
  })) {
    await frames.add(toBatch(readable, batch, { reading, records: split(batch), before }));
    before = batch.nextOffset === undefined ? undefined : parseOffset(batch.nextOffset);
    if (mayRead(store.getState(), stream)) continue;
    await untilMayRead(readable, signal);
    signal.throwIfAborted();
  }
  tell("ended", undefined);
}

/** Reads one stream, from one place after the other: from another one beside, until that has answered. */
export class Reader {
  readonly #readable: Readable;
  readonly #onFailure: (error: unknown) => void;
  /** What is under way, by the number of the reading. */
  readonly #running = new Map<number, AbortController>();

  /** `onFailure` hears of what ends the reading for good; a jump that leads nowhere is told to the store. */
  constructor(readable: Readable, onFailure: (error: unknown) => void) {
    this.#readable = readable;
    this.#onFailure = onFailure;
    readable.store.subscribe(() => {
      this.#endUnwanted();
    });
  }

  start(start: ViewStart, reading: number): void {
    const { store, stream, source } = this.#readable;
    const own = new AbortController();
    this.#running.set(reading, own);
    read(this.#readable, reading, start, own.signal)
      .catch((error: unknown) => {
        if (own.signal.aborted) return;
        // Nothing was read from where the person wants to jump to: a slip is no reason to end the view.
        if (!isTried(store.getState(), stream, reading)) this.#onFailure(error);
        else store.dispatch({ type: "refused", stream, reading, problem: reasonOf(error, source) });
      })
      .finally(() => this.#running.delete(reading));
  }

  stop(): void {
    for (const running of this.#running.values()) running.abort();
  }

  /** The view knows which place it shows and which it tries: no other is read any longer. */
  #endUnwanted(): void {
    const { store, stream } = this.#readable;
    const state = store.getState();
    for (const [reading, running] of this.#running) {
      if (reading !== state.streams[stream]?.reading && !isTried(state, stream, reading)) running.abort();
    }
  }
}
