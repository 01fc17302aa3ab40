import { render } from "ink";
import type { ConnectionState } from "../client/follow.ts";
import type { StreamBatch } from "../client/stream-batch.ts";
import type { KeyAction } from "./keys.ts";
import { LiveStore } from "./live-store.ts";
import { LiveView } from "./live-view.tsx";
import { recordText } from "./record-text.ts";
import { farewell } from "./status-text.ts";

export interface LiveViewOptions {
  /** The stream's URL, shown as the title. */
  readonly stream: string;
  /** Opens the stream; the view tells by `signal` that it was left, and is told how the connection stands. */
  readonly open: (signal: AbortSignal, onState: (state: ConnectionState) => void) => AsyncIterable<StreamBatch>;
  /** Turns a batch into the messages to show. */
  readonly split: (batch: StreamBatch) => readonly Uint8Array[];
  /** Aborted from outside, the view closes. */
  readonly signal: AbortSignal;
}

/** How the view was left. */
export interface LiveViewEnd {
  /** By Ctrl-C or from outside, and not by a key that leaves. */
  readonly interrupted: boolean;
  /** For the screen that stays: where the view stood. */
  readonly farewell: string;
}

const TICK_MS = 500;

function problemOf(state: ConnectionState): string | undefined {
  if (state.name !== "waiting") return undefined;
  const reason = state.error instanceof Error ? state.error.message : String(state.error);
  return `${reason} Trying again in ${(state.waitMs / 1000).toFixed(1)} s.`;
}

async function feed(store: LiveStore, options: LiveViewOptions, signal: AbortSignal): Promise<void> {
  const onState = (state: ConnectionState): void => {
    store.dispatch({ type: "connection", connection: state.name, problem: problemOf(state) });
  };
  for await (const batch of options.open(signal, onState)) {
    const records = options.split(batch);
    store.dispatch({
      type: "messages",
      texts: records.map((record) => recordText(batch.kind, record)),
      bytes: batch.pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
      offset: batch.nextOffset,
      upToDate: batch.upToDate,
      closed: batch.closed,
      atMs: performance.now(),
    });
  }
  store.dispatch({ type: "connection", connection: "ended" });
}

/**
 * Shows a stream live on the alternate screen until it is left. When the stream ends by itself the view stays, so that
 * its last messages can be read; a failure leaves the view and is thrown.
 */
export async function runLiveView(options: LiveViewOptions): Promise<LiveViewEnd> {
  const store = new LiveStore(options.stream);
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, options.signal]);
  const end = { interrupted: false };
  const leave = (action: KeyAction): void => {
    end.interrupted = action === "interrupt";
    left.abort();
  };
  const view = render(<LiveView store={store} onLeave={leave} />, { alternateScreen: true, exitOnCtrlC: false });
  const ticker = setInterval(() => {
    store.dispatch({ type: "tick", atMs: performance.now() });
  }, TICK_MS);
  const gone = new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
  try {
    await Promise.race([feed(store, options, signal).then(() => gone), gone]);
  } finally {
    clearInterval(ticker);
    left.abort();
    view.unmount();
    await view.waitUntilExit();
  }
  return { interrupted: end.interrupted || options.signal.aborted, farewell: farewell(store.getState()) };
}
