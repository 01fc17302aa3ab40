import type { ScreenEvent } from "../../screen/scene.ts";
import type { Leaving } from "../../screen/store-scene.ts";
import type { Arrival, Message } from "./message.ts";
import type { Connection, Progress } from "./stream-state.ts";

/** Everything that happens to the view. Times are milliseconds since the epoch, of a clock that does not go back. */
export type ViewEvent =
  /** What has come since the last frame, in the order in which it came. */
  | { readonly type: "arrived"; readonly atMs: number; readonly batches: readonly Batch[] }
  | {
      readonly type: "connection";
      readonly stream: number;
      readonly reading: number;
      readonly connection: Connection;
      readonly problem: string | undefined;
      readonly atMs: number;
    }
  /** What was jumped to cannot be read. */
  | { readonly type: "refused"; readonly stream: number; readonly reading: number; readonly problem: string }
  | ScreenEvent
  /** An effect is done, or has failed: `keepsPrompt` then lets the person mend what was typed. */
  | { readonly type: "told"; readonly text: string; readonly isProblem: boolean; readonly keepsPrompt: boolean };

/** What one reader has read at once. */
export interface Batch {
  readonly stream: number;
  /** Which reading of the stream it belongs to. */
  readonly reading: number;
  readonly arrivals: readonly Arrival[];
  readonly progress: Progress;
}

/** What the view asks the world to do. */
export type Effect = OwnEffect | Leaving;

export type OwnEffect =
  /** Read a stream from an offset, `-1` being its start and `now` its end, and no longer from where it is read. */
  | { readonly type: "read"; readonly stream: number; readonly reading: number; readonly offset: string }
  | { readonly type: "copy"; readonly message: Message }
  | { readonly type: "save"; readonly message: Message; readonly path: string };
