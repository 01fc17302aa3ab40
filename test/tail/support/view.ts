// The live view's state, driven by events as the program drives it.
import type { Batch, Effect, ViewEvent } from "../../../src/tail/model/event.ts";
import { arrivalOf, textOf } from "../../../src/tail/model/message.ts";
import { reduce } from "../../../src/tail/model/reduce.ts";
import { initialState, selectedMessage, type Opening, type ViewState } from "../../../src/tail/model/state.ts";
import { screenOf } from "../../../src/tail/view/screen.ts";
import type { ContentKind } from "../../../src/protocol/content-type.ts";
import { Driven } from "../../screen/support/driven.ts";

export interface BatchOptions {
  readonly stream?: number;
  readonly reading?: number;
  readonly kind?: ContentKind;
  readonly offset?: string | undefined;
  readonly upToDate?: boolean;
  readonly closed?: boolean;
}

export function batch(records: readonly (string | Uint8Array)[], options: BatchOptions = {}): Batch {
  const { stream = 0, reading = 0, kind = "json", upToDate = true, closed = false } = options;
  // Where it is said to be unknown it is.
  const offset = "offset" in options ? options.offset : "0_1";
  const arrivals = records.map((record) => arrivalOf(kind, Buffer.from(record), offset));
  const bytes = arrivals.reduce((sum, { size }) => sum + size, 0);
  return { stream, reading, arrivals, progress: { count: records.length, bytes, offset, upToDate, closed } };
}

/** A view in the hands of a test. */
export class View extends Driven<ViewState, ViewEvent, Effect> {
  constructor(names: readonly string[] = ["orders"], columns = 80, rows = 24, opening: Opening = {}) {
    const streams = names.map((name) => ({ name, url: `http://127.0.0.1/v1/stream/${name}` }));
    super({ initial: initialState(streams, opening), reduce, rows: screenOf }, 1_000_000);
    this.send({ type: "resized", columns, rows });
  }

  arrive(records: readonly (string | Uint8Array)[], options?: BatchOptions): this {
    return this.send({ type: "arrived", atMs: this.atMs, batches: [batch(records, options)] });
  }

  connect(
    connection: "connecting" | "live" | "waiting" | "ended",
    { problem, stream = 0, reading = 0 }: { problem?: string; stream?: number; reading?: number } = {},
  ): this {
    return this.send({ type: "connection", stream, reading, connection, problem, atMs: this.atMs });
  }

  /** What the list shows, as text. */
  get list(): readonly string[] {
    return this.state.list.map(textOf);
  }

  get selected(): string | undefined {
    const message = selectedMessage(this.state);
    return message === undefined ? undefined : textOf(message);
  }
}
