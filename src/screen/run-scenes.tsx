import { render } from "ink";
import { now } from "./now.ts";
import type { Scene, ScreenEvent } from "./scene.ts";
import { ScreenView } from "./screen-view.tsx";
import { Stage } from "./stage.ts";

interface ViewOptions {
  /** Aborted from outside, the view closes. */
  readonly signal: AbortSignal;
  readonly hasColours: boolean;
}

/** How the view was left. */
export interface ViewEnd {
  /** By Ctrl-C or from outside, and not by a key that leaves. */
  readonly interrupted: boolean;
  /** For the screen that stays. */
  readonly farewell: string | undefined;
}

const TICK_MS = 500;
/** Keys are answered at once; what arrives is shown by frames of its own. */
const MAX_FRAMES_PER_SECOND = 30;

function sizeNow(): ScreenEvent {
  const { columns, rows } = process.stdout;
  // A terminal that does not tell its size says 0.
  return { type: "resized", columns: columns || 80, rows: rows || 24 };
}

function tickNow(): ScreenEvent {
  return { type: "tick", atMs: now() };
}

/**
 * Shows a scene, and those that are opened from it, on the alternate screen until the view is left. A failure of the first
 * one leaves the view and is thrown.
 */
export async function runScenes(first: Scene, { signal, hasColours }: ViewOptions): Promise<ViewEnd> {
  const stage = new Stage(() => [sizeNow(), tickNow()]);
  const resize = (): void => {
    stage.dispatch(sizeNow());
  };
  const leave = (): void => {
    stage.leave();
  };
  stage.open(first);
  // Before ink's own: by the time it draws for the new size, the rows are made for it.
  process.stdout.on("resize", resize);
  const view = render(<ScreenView screen={stage} hasColours={hasColours} />, {
    alternateScreen: true,
    // Whether somebody sits in front of it has been decided by who calls this.
    interactive: true,
    exitOnCtrlC: false,
    incrementalRendering: true,
    maxFps: MAX_FRAMES_PER_SECOND,
  });
  const ticker = setInterval(() => {
    stage.dispatch(tickNow());
  }, TICK_MS);
  signal.addEventListener("abort", leave, { once: true });
  let farewell: string | undefined;
  try {
    if (signal.aborted) leave();
    await stage.end;
  } finally {
    clearInterval(ticker);
    signal.removeEventListener("abort", leave);
    process.stdout.off("resize", resize);
    farewell = stage.close();
    view.unmount();
    await view.waitUntilExit();
  }
  return { interrupted: stage.interrupted || signal.aborted, farewell };
}
