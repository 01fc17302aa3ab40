import { LIVE_BACKLOG_MAX_BYTES, LIVE_EVENT_OVERHEAD_BYTES } from "../../protocol/limits.ts";
import type { Position } from "../../protocol/offset.ts";
import { decodeLiveEvent, type LiveEvent } from "../stream/live-event.ts";
import { closeQuietly, ENDED_CLOSE_CODE, GONE_CLOSE_CODE } from "../stream/live-socket.ts";

/** What waiting on a bridge comes to. After anything but `event` and `timeout` the bridge is closed. */
export type BridgeNews =
  | { readonly kind: "event"; readonly event: LiveEvent }
  | { readonly kind: "timeout" }
  /** The reader was too slow, or the object went away: go on by reading from the last position that was sent. */
  | { readonly kind: "dropped" }
  /** The stream was deleted or expired. */
  | { readonly kind: "gone" };

/**
 * The edge's end of the WebSocket to a stream's object. Events gather here while the client is slow, up to
 * {@link LIVE_BACKLOG_MAX_BYTES}; past that the bridge drops itself, so that a reader that does not read holds no memory.
 */
export class LiveBridge {
  readonly #socket: WebSocket;
  readonly #events: LiveEvent[] = [];
  /** Where the reader stands once it has been given all events that wait. */
  #end: Position;
  #backlogBytes = 0;
  #ending: BridgeNews | undefined;
  #wake: (() => void) | undefined;

  /** @param start where the reader stands: events that end there or before are news of what it has. */
  constructor(socket: WebSocket, start: Position) {
    this.#socket = socket;
    this.#end = start;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(data);
    });
    socket.addEventListener("close", ({ code }) => {
      this.#finish(code === GONE_CLOSE_CODE ? { kind: "gone" } : { kind: "dropped" });
    });
    socket.addEventListener("error", () => {
      this.#finish({ kind: "dropped" });
    });
    socket.accept();
  }

  /** The next event, or how the bridge ended, or that `timeoutMs` passed without either. */
  async next(timeoutMs: number): Promise<BridgeNews> {
    if (this.#events.length === 0 && this.#ending === undefined) await this.#wait(timeoutMs);
    const event = this.#events.shift();
    if (event !== undefined) {
      this.#backlogBytes -= eventBytes(event);
      return { kind: "event", event };
    }
    return this.#ending ?? { kind: "timeout" };
  }

  /** Whether the reader has been given all there is: no event waits, and none was dropped. */
  get isDrained(): boolean {
    return this.#events.length === 0 && this.#ending === undefined;
  }

  close(): void {
    this.#finish({ kind: "dropped" });
  }

  #receive(data: ArrayBuffer): void {
    if (this.#ending !== undefined) return;
    const event = decodeLiveEvent(data);
    // Taken in between a commit and its announcement, a reader is told of messages that it was given already.
    if (event.end <= this.#end && !event.closed) return;
    this.#end = event.end;
    this.#backlogBytes += eventBytes(event);
    this.#events.push(event);
    if (this.#events.length > 1 && this.#backlogBytes > LIVE_BACKLOG_MAX_BYTES) {
      this.#events.length = 0;
      this.#finish({ kind: "dropped" });
      return;
    }
    this.#wake?.();
  }

  #finish(news: BridgeNews): void {
    if (this.#ending !== undefined) return;
    this.#ending = news;
    closeQuietly(this.#socket, ENDED_CLOSE_CODE, "");
    this.#wake?.();
  }

  async #wait(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** What an event takes while it waits. Small ones cost more than their payload, and may be many. */
function eventBytes(event: LiveEvent): number {
  return LIVE_EVENT_OVERHEAD_BYTES + (event.payload?.byteLength ?? 0);
}
