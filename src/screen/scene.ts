import type { Press } from "./press.ts";
import type { Row } from "./text/segment.ts";

/** What happens to every screen. Times are milliseconds since the epoch, of a clock that does not go back. */
export type ScreenEvent =
  /** Time passes. */
  | { readonly type: "tick"; readonly atMs: number }
  | { readonly type: "resized"; readonly columns: number; readonly rows: number }
  /** A key: its name, or its character. */
  | { readonly type: "key"; readonly key: string }
  /** What was typed or pasted into an open prompt. */
  | { readonly type: "text"; readonly text: string };

/** What stands on the bottom line until the next key. */
export interface Notice {
  readonly text: string;
  readonly isProblem: boolean;
}

/** The line that is being typed. */
export interface Typed {
  readonly text: string;
  /** What is wrong with it, or what it finds. */
  readonly note: Notice | undefined;
}

/** Something that fills the terminal and hears its keys. */
export interface Screen {
  /** Another value whenever what is shown has changed. */
  readonly getState: () => unknown;
  readonly subscribe: (listener: () => void) => () => void;
  /** As many rows as the terminal has, none wider than it. */
  readonly rows: () => readonly Row[];
  press(press: Press): void;
  dispatch(event: ScreenEvent): void;
}

/** What a scene may ask for beyond its own screen. */
export interface Stagehand {
  /** Ends the whole view. */
  leave(interrupted: boolean): void;
  /** Back to the scene that this one was opened from; from the first one that is leaving. */
  back(): void;
  open(scene: Scene): void;
  /** It cannot go on. The scene that it was opened from says why; without one the view ends with the error. */
  fail(error: unknown, why: string): void;
}

/** A screen, and what keeps it up to date while it is open. */
export interface Scene {
  readonly screen: Screen;
  start(stagehand: Stagehand): void;
  stop(): void;
  /** It is shown again: what was opened from here has closed. `notice` says why, where that was not by a key. */
  resumed(notice: Notice | undefined): void;
  /** For the terminal that stays, when the view is left from here. */
  farewell(): string | undefined;
}
