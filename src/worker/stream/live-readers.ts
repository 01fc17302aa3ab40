import type { ContentKind } from "../../protocol/content-type.ts";
import { LIVE_EVENT_MAX_BYTES, LIVE_FANOUT_MAX_BYTES } from "../../protocol/limits.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { encodeLiveEvent, type LiveEvent } from "./live-event.ts";
import { closeQuietly, ENDED_CLOSE_CODE, GONE_CLOSE_CODE } from "./live-socket.ts";

/**
 * The readers waiting at this object's tail. Their sockets are hibernatable: while nothing is appended the object may be
 * evicted from memory and costs nothing, and the sockets stay.
 */
export class LiveReaders {
  readonly #ctx: DurableObjectState;
  /** Never less than there are: readers that leave are not subtracted until the limit seems near. */
  #atMost: number;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    this.#atMost = this.count;
  }

  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  /** Whether there are `most` already. Counting sockets takes as long as there are many, so it is done seldom. */
  areFull(most: number): boolean {
    if (this.#atMost >= most) this.#atMost = this.count;
    return this.#atMost >= most;
  }

  /** Takes a reader in and gives the end of the socket that goes to the edge. */
  attach(): { client: WebSocket; server: WebSocket } {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    this.#atMost++;
    return { client, server };
  }

  /**
   * Tells every reader what was added, with the messages themselves unless they are many: every socket queues its own
   * copy. A reader that cannot be told is gone, and its edge notices by itself.
   */
  announce(range: Omit<LiveEvent, "payload">, kind: ContentKind, payloads: readonly Uint8Array[]): void {
    const sockets = this.#ctx.getWebSockets();
    if (sockets.length === 0) return;
    const bytes = payloads.reduce((sum, payload) => sum + payload.byteLength, 0);
    const isMuch = bytes > LIVE_EVENT_MAX_BYTES || bytes * sockets.length > LIVE_FANOUT_MAX_BYTES;
    const message = encodeLiveEvent({ ...range, payload: isMuch ? undefined : joinPayloads(kind, payloads) });
    for (const socket of sockets) sendQuietly(socket, message);
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
