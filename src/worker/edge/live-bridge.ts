import { LIVE_BACKLOG_MAX_BYTES } from "../../protocol/limits.ts";
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
  #backlogBytes = 0;
  #ending: BridgeNews | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(data);
    });
    socket.addEventListener("close", ({ code }) => {
      this.#end(code === GONE_CLOSE_CODE ? { kind: "gone" } : { kind: "dropped" });
    });
    socket.addEventListener("error", () => {
      this.#end({ kind: "dropped" });
    });
    socket.accept();
  }

  /** The next event, or how the bridge ended, or that `timeoutMs` passed without either. */
  async next(timeoutMs: number): Promise<BridgeNews> {
    if (this.#events.length === 0 && this.#ending === undefined) await this.#wait(timeoutMs);
    const event = this.#events.shift();
    if (event !== undefined) {
      this.#backlogBytes -= event.payload?.byteLength ?? 0;
      return { kind: "event", event };
    }
    return this.#ending ?? { kind: "timeout" };
  }

  /** Whether an event can be had without waiting. */
  get hasEvent(): boolean {
    return this.#events.length > 0;
  }

  close(): void {
    this.#end({ kind: "dropped" });
  }

  #receive(data: ArrayBuffer): void {
    if (this.#ending !== undefined) return;
    const event = decodeLiveEvent(data);
    this.#backlogBytes += event.payload?.byteLength ?? 0;
    this.#events.push(event);
    if (this.#backlogBytes > LIVE_BACKLOG_MAX_BYTES) {
      this.#events.length = 0;
      this.#end({ kind: "dropped" });
      return;
    }
    this.#wake?.();
  }

  #end(news: BridgeNews): void {
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
