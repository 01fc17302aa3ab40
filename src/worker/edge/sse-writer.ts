import type { ContentKind } from "../../protocol/content-type.ts";
import { nextCursor } from "../../protocol/cursor.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import type { Position } from "../../protocol/offset.ts";
import { controlEvent, dataEvent } from "../../protocol/sse.ts";
import { unfinishedTextBytes } from "../../protocol/utf8.ts";

/** Messages on their way to an SSE client: a payload that ends at `end`. */
export interface SseMessages {
  readonly payload: Uint8Array;
  readonly end: Position;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

const NOTHING = new Uint8Array(0);

/** Turns what one SSE connection reads into events, and keeps count of how far its client has been brought. */
export class SseWriter {
  readonly #kind: ContentKind;
  /** Later than the client's own from the start; from then on it stands until time moves past it (section 10.1). */
  #cursor: string;
  #end: Position;
  /** Whether the last event told the client that it is up to date. */
  saidUpToDate = false;
  /** Bytes at the end of what was read that are not whole yet: they go out with the bytes that finish them. */
  #held: Uint8Array = NOTHING;

  constructor(kind: ContentKind, start: Position, cursor: string | null) {
    this.#kind = kind;
    this.#end = start;
    this.#cursor = nextCursor(Date.now(), cursor, Math.random());
  }

  /** The position that the next read or live event has to start at. */
  get readFrom(): Position {
    return this.#end;
  }

  /** A data event with the control event that belongs to it; without any data to show, the control event alone. */
  messages({ payload, end, upToDate, closed }: SseMessages): Uint8Array {
    const bytes = this.#held.byteLength > 0 ? joinPayloads(this.#kind, [this.#held, payload]) : payload;
    const heldBytes = this.#kind === "text" && !closed ? unfinishedTextBytes(bytes) : 0;
    const shown = bytes.subarray(0, bytes.byteLength - heldBytes);
    this.#held = heldBytes === 0 ? NOTHING : bytes.slice(bytes.byteLength - heldBytes);
    this.#end = end;
    const data = shown.byteLength > 0 ? dataEvent(this.#kind, shown) : [];
    return joinPayloads("binary", [...data, this.#control(upToDate, closed)]);
  }

  /** A control event alone. */
  control(upToDate: boolean): Uint8Array {
    return this.#control(upToDate, false);
  }

  #control(upToDate: boolean, closed: boolean): Uint8Array {
    // A client that comes back must find the bytes held back again, so they do not count as delivered.
    const next = this.#end - this.#held.byteLength;
    this.saidUpToDate = upToDate;
    const interval = nextCursor(Date.now(), null, 0);
    if (BigInt(interval) > BigInt(this.#cursor)) this.#cursor = interval;
    return controlEvent({ next, cursor: this.#cursor, upToDate, closed });
  }
}
