import { LIVE_READERS_MAX } from "../../protocol/limits.ts";
import { encodeLiveEvent, type LiveEvent } from "./live-event.ts";
import { closeQuietly, ENDED_CLOSE_CODE, GONE_CLOSE_CODE } from "./live-socket.ts";

/**
 * The readers waiting at this object's tail. Their sockets are hibernatable: while nothing is appended the object may be
 * evicted from memory and costs nothing, and the sockets stay.
 */
export class LiveReaders {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  get isFull(): boolean {
    return this.count >= LIVE_READERS_MAX;
  }

  /** Takes a reader in and gives the end of the socket that goes to the edge. */
  attach(): { client: WebSocket; server: WebSocket } {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    return { client, server };
  }

  /** Tells every reader. One that cannot be told is gone, and its edge notices by itself. */
  broadcast(event: LiveEvent): void {
    const message = encodeLiveEvent(event);
    for (const socket of this.#ctx.getWebSockets()) sendQuietly(socket, message);
  }

  /** Ends every reader's socket because the stream is no more. */
  dismiss(reason: string): void {
    for (const socket of this.#ctx.getWebSockets()) closeQuietly(socket, GONE_CLOSE_CODE, reason);
  }
}

function sendQuietly(socket: WebSocket, message: ArrayBuffer): void {
  try {
    socket.send(message);
  } catch {
    closeQuietly(socket, ENDED_CLOSE_CODE, "not connected");
  }
}
