import { render } from "ink";
import { copyMessage } from "./io/clipboard.ts";
import { Frames } from "./io/frames.ts";
import { now } from "./io/now.ts";
import { Reader } from "./io/reader.ts";
import { saveMessage } from "./io/save-message.ts";
import type { ViewSource } from "./io/source.ts";
import { LiveStore } from "./live-store.ts";
import type { Effect } from "./model/event.ts";
import { farewell } from "./view/sentences.ts";
import { LiveView } from "./view/live-view.tsx";

export interface LiveViewOptions {
  readonly sources: readonly ViewSource[];
  /** Aborted from outside, the view closes. */
  readonly signal: AbortSignal;
  readonly hasColours: boolean;
}

/** How the view was left. */
export interface LiveViewEnd {
  /** By Ctrl-C or from outside, and not by a key that leaves. */
  readonly interrupted: boolean;
  /** For the screen that stays: where the view stood. */
  readonly farewell: string;
}

const TICK_MS = 500;
/** Keys are answered at once; what arrives is shown by frames of its own. */
const MAX_FRAMES_PER_SECOND = 30;

/** Carries out what the view asks for, and ends when it is left, closed from outside, or a reader fails. */
class Session {
  readonly store: LiveStore;
  readonly end: Promise<void>;
  interrupted = false;
  readonly #frames: Frames;
  readonly #readers: readonly Reader[];
  readonly #options: LiveViewOptions;
  /** Settles `end`. */
  readonly leave: () => void;

  constructor(options: LiveViewOptions) {
    const { sources } = options;
    this.#options = options;
    let fail: (error: unknown) => void = () => undefined;
    let leave: () => void = () => undefined;
    this.end = new Promise((resolve, reject) => {
      leave = resolve;
      fail = reject;
    });
    this.leave = leave;
    this.store = new LiveStore(sources, (effect) => {
      this.#carryOut(effect);
    });
    this.#frames = new Frames((batches) => {
      this.store.dispatch({ type: "arrived", batches, atMs: now() });
    });
    this.#readers = sources.map((source, stream) => {
      const readable = { store: this.store, frames: this.#frames, source, stream };
      return new Reader(readable, fail);
    });
  }

  readonly resize = (): void => {
    const { columns, rows } = process.stdout;
    // A terminal that does not tell its size says 0.
    this.store.dispatch({ type: "resized", columns: columns || 80, rows: rows || 24 });
  };

  readonly tick = (): void => {
    this.store.dispatch({ type: "tick", atMs: now() });
  };

  start(): void {
    for (const [i, { start }] of this.#options.sources.entries()) this.#readers[i]?.start(start, 0);
  }

  stop(): void {
    for (const reader of this.#readers) reader.stop();
    this.#frames.flush();
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "leave":
        this.interrupted = effect.interrupted;
        this.leave();
        return;
      case "read":
        this.#readers[effect.stream]?.start({ at: "offset", offset: effect.offset }, effect.reading);
        return;
      case "copy": {
        const told = copyMessage(effect.message, process.env["TERM"], (sequence) => process.stdout.write(sequence));
        this.store.dispatch({ type: "told", ...told, keepsPrompt: false });
        return;
      }
      case "save":
        void saveMessage(effect.message, effect.path).then((told) => {
          this.store.dispatch({ type: "told", ...told, keepsPrompt: told.isProblem });
        });
    }
  }
}

/**
 * Shows streams live on the alternate screen until the view is left. When they end by themselves the view stays, so that
 * the last messages can be read; a failure leaves the view and is thrown.
 */
export async function runLiveView(options: LiveViewOptions): Promise<LiveViewEnd> {
  const { signal, hasColours } = options;
  const session = new Session(options);
  session.resize();
  session.tick();
  // Before ink's own: by the time it draws for the new size, the rows are made for it.
  process.stdout.on("resize", session.resize);
  const view = render(<LiveView store={session.store} hasColours={hasColours} />, {
    alternateScreen: true,
    // Whether somebody sits in front of it has been decided by who calls this.
    interactive: true,
    exitOnCtrlC: false,
    incrementalRendering: true,
    maxFps: MAX_FRAMES_PER_SECOND,
  });
  const ticker = setInterval(session.tick, TICK_MS);
  signal.addEventListener("abort", session.leave, { once: true });
  try {
    session.start();
    await session.end;
  } finally {
    clearInterval(ticker);
    signal.removeEventListener("abort", session.leave);
    process.stdout.off("resize", session.resize);
    session.stop();
    view.unmount();
    await view.waitUntilExit();
  }
  return { interrupted: session.interrupted || signal.aborted, farewell: farewell(session.store.getState()) };
}
