import { SSE_CACHE_CONTROL } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import * as header from "../../protocol/headers.ts";
import { SSE_CHUNK_MAX_BYTES, SSE_CONNECTION_MS, SSE_HEARTBEAT_MS } from "../../protocol/limits.ts";
import type { OffsetQuery } from "../../protocol/offset.ts";
import { HEARTBEAT } from "../../protocol/sse.ts";
import { decodeReadOutcome, encodeReadRequest } from "../stream/read-wire.ts";
import type { StreamContext } from "./context.ts";
import { LiveBridge } from "./live-bridge.ts";
import type { ReadQuery } from "./read-query.ts";
import { respondUnread, type MessagesOutcome } from "./read-response.ts";
import { respond } from "./responses.ts";
import { SseWriter } from "./sse-writer.ts";
import { timed } from "../timing.ts";

/**
 * `live=sse` (section 5.8). The reader is first brought up to the tail by ordinary reads and then waits, here at the
 * edge, on a socket to the object, which may sleep until the next append. Whatever breaks on the way, the reader goes on
 * from the last position it was sent, so nothing is lost and nothing comes twice.
 */
export async function handleSse(context: StreamContext, query: ReadQuery): Promise<Response> {
  const first = await timed(context.timing, "object", () => read(context, query.from));
  const { outcome } = first;
  if (outcome.kind === "not-found" || outcome.kind === "refused") return respondUnread(outcome);
  const session = new SseSession(context, query.cursor, outcome);
  const encoding = contentKind(outcome.contentType) === "binary" ? "base64" : undefined;
  return respond(
    200,
    {
      "Content-Type": "text/event-stream",
      "Cache-Control": SSE_CACHE_CONTROL,
      [header.STREAM_SSE_DATA_ENCODING]: encoding,
    },
    session.body({ ...first, outcome }),
  );
}

interface SseRead {
  readonly outcome: ReturnType<typeof decodeReadOutcome>;
  readonly response: Response;
  /** Where the object keeps the reader: taken over at once, since until then nothing bounds or closes its socket. */
  readonly bridge: LiveBridge | undefined;
}

async function read(context: StreamContext, from: OffsetQuery): Promise<SseRead> {
  const response = await context.object.fetch(encodeReadRequest({ from, maxBytes: SSE_CHUNK_MAX_BYTES, wait: "sse" }));
  const bridge = response.webSocket === null ? undefined : new LiveBridge(response.webSocket);
  return { outcome: decodeReadOutcome(response), response, bridge };
}

/** One SSE connection from its first byte to its last. */
class SseSession {
  readonly #context: StreamContext;
  readonly #writer: SseWriter;
  readonly #incarnation: string;
  readonly #endsAtMs = Date.now() + SSE_CONNECTION_MS;
  #bridge: LiveBridge | undefined;
  #cancelled = false;

  constructor(context: StreamContext, cursor: string | null, outcome: MessagesOutcome) {
    this.#context = context;
    this.#incarnation = outcome.incarnation;
    this.#writer = new SseWriter(contentKind(outcome.contentType), outcome.start, cursor);
  }

  /** The answer's body. It is made only as fast as the client takes it. */
  body(first: SseRead): ReadableStream<Uint8Array> {
    const frames = this.#frames(first);
    this.#bridge = first.bridge;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await frames.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => {
          this.#cancelled = true;
          this.#bridge?.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  async *#frames(first: SseRead): AsyncGenerator<Uint8Array, undefined> {
    for (let answer = first; !this.#cancelled; answer = await this.#readOn()) {
      const { outcome, response, bridge } = answer;
      if (outcome.kind === "not-found" || outcome.kind === "refused") return;
      // Deleted and created again meanwhile: the positions of the one stream mean nothing in the other.
      if (outcome.incarnation !== this.#incarnation) {
        bridge?.close();
        return;
      }
      if (bridge !== undefined) {
        if (outcome.next === outcome.start) yield this.#writer.control(!bridge.hasEvent);
        const goesOn = yield* this.#live(bridge);
        if (!goesOn) return;
      } else {
        const payload = new Uint8Array(await response.arrayBuffer());
        yield this.#writer.messages({ payload, end: outcome.next, upToDate: outcome.upToDate, closed: outcome.closed });
        if (outcome.closed || this.#remainingMs <= 0) return;
      }
    }
  }

  async #readOn(): Promise<SseRead> {
    const answer = await read(this.#context, { kind: "position", position: this.#writer.readFrom });
    this.#bridge = answer.bridge;
    if (this.#cancelled) this.#bridge?.close();
    return answer;
  }

  /** Passes live events on. True when the reader has to catch up again, false when the connection is over. */
  async *#live(bridge: LiveBridge): AsyncGenerator<Uint8Array, boolean> {
    try {
      for (;;) {
        if (this.#remainingMs <= 0) {
          yield this.#writer.control(!bridge.hasEvent);
          return false;
        }
        const news = await bridge.next(Math.min(SSE_HEARTBEAT_MS, this.#remainingMs));
        if (this.#cancelled || news.kind === "gone") return false;
        if (news.kind === "dropped") return true;
        if (news.kind === "timeout") {
          yield HEARTBEAT;
          continue;
        }
        const { event } = news;
        if (event.end <= this.#writer.readFrom && !event.closed) continue;
        if (event.start !== this.#writer.readFrom || event.payload === undefined) return true;
        yield this.#writer.messages({
          payload: event.payload,
          end: event.end,
          upToDate: !bridge.hasEvent,
          closed: event.closed,
        });
        if (event.closed) return false;
      }
    } finally {
      bridge.close();
      this.#bridge = undefined;
    }
  }

  get #remainingMs(): number {
    return this.#endsAtMs - Date.now();
  }
}
