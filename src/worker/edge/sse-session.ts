import type { ContentKind } from "../../protocol/content-type.ts";
import {
  READ_CHUNK_MAX_BYTES,
  SSE_CONNECTION_MS,
  SSE_HEARTBEAT_MS,
  SSE_STALLED_GRACE_MS,
} from "../../protocol/limits.ts";
import { HEARTBEAT } from "../../protocol/sse.ts";
import type { StreamContext } from "./context.ts";
import type { LiveBridge } from "./live-bridge.ts";
import { liveRead, type LiveRead } from "./live-read.ts";
import { LiveRecheck } from "./live-recheck.ts";
import { countMessages } from "./read-response.ts";
import { readAgainIfGone } from "./read-again.ts";
import { SseWriter } from "./sse-writer.ts";

type ReadableRead = Exclude<LiveRead, { kind: "unread" }>;

/**
 * One SSE connection. The reader is first brought up to the tail by ordinary reads and then waits, here at the edge, on a
 * socket to the object, which may sleep until the next append. Whatever breaks on the way, the reader goes on from the
 * last position it was sent, so nothing is lost and nothing comes twice.
 */
export class SseSession {
  readonly #context: StreamContext;
  readonly #writer: SseWriter;
  readonly #first: ReadableRead;
  readonly #endsAtMs = Date.now() + SSE_CONNECTION_MS;
  readonly #recheck: LiveRecheck;
  #bridge: LiveBridge | undefined;
  #cancelled = false;

  constructor(context: StreamContext, kind: ContentKind, cursor: string | null, first: ReadableRead) {
    this.#context = context;
    this.#first = first;
    this.#recheck = new LiveRecheck(context);
    this.#bridge = first.kind === "attached" ? first.bridge : undefined;
    this.#writer = new SseWriter(kind, first.outcome.start, cursor);
  }

  /** The answer's body. It is made only as fast as the client takes it, and cut off when the client takes nothing. */
  body(): ReadableStream<Uint8Array> {
    const frames = this.#frames();
    let cutOff: ReturnType<typeof setTimeout>;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          cutOff = setTimeout(() => {
            this.#cancel();
            controller.error(new Error("the client did not take what it was sent"));
          }, SSE_CONNECTION_MS + SSE_STALLED_GRACE_MS);
          // Nobody calls `cancel` when a write fails. With `enable_request_signal` this tells of it.
          this.#context.request.signal.addEventListener("abort", () => {
            clearTimeout(cutOff);
            this.#cancel();
          });
        },
        pull: async (controller) => {
          const { done, value } = await frames.next().catch((error: unknown) => {
            clearTimeout(cutOff);
            this.#context.measurement.ended();
            throw tell(error);
          });
          if (done !== true) {
            controller.enqueue(value);
          } else if (!this.#cancelled) {
            clearTimeout(cutOff);
            this.#context.measurement.ended();
            controller.close();
          }
        },
        cancel: () => {
          clearTimeout(cutOff);
          this.#cancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#bridge?.close();
    this.#context.measurement.ended();
  }

  async *#frames(): AsyncGenerator<Uint8Array, undefined> {
    for (let read: LiveRead = this.#first; !this.#cancelled; read = await this.#readOn()) {
      if (read.kind === "unread") return;
      if (await this.#isLockedOut()) {
        if (read.kind === "attached") read.bridge.close();
        return;
      }
      // Deleted and created again meanwhile: the positions of the one stream mean nothing in the other.
      if (read.outcome.incarnation !== this.#first.outcome.incarnation) {
        if (read.kind === "attached") read.bridge.close();
        return;
      }
      const { outcome } = read;
      if (read.kind === "attached") {
        const isNews = outcome.next === outcome.start && !this.#writer.saidUpToDate;
        if (isNews) yield this.#writer.control(read.bridge.isDrained);
        const goesOn = yield* this.#live(read.bridge);
        if (!goesOn) return;
      } else {
        const payload = new Uint8Array(await read.body.arrayBuffer());
        countMessages(this.#context.measurement, payload.byteLength);
        yield this.#writer.messages({ payload, end: outcome.next, upToDate: outcome.upToDate, closed: outcome.closed });
        if (outcome.closed || this.#remainingMs <= 0) return;
      }
    }
  }

  async #readOn(): Promise<LiveRead> {
    const from = { kind: "position", position: this.#writer.readFrom } as const;
    const read = await readAgainIfGone(() => liveRead(this.#context, from, "sse", READ_CHUNK_MAX_BYTES));
    if (read.kind === "attached") {
      this.#bridge = read.bridge;
      if (this.#cancelled) read.bridge.close();
    }
    return read;
  }

  /** Passes live events on. True when the reader has to catch up again, false when the connection is over. */
  async *#live(bridge: LiveBridge): AsyncGenerator<Uint8Array, boolean> {
    try {
      for (;;) {
        if (this.#remainingMs <= 0) {
          yield this.#writer.control(bridge.isDrained);
          return false;
        }
        const news = await bridge.next(this.#patienceMs);
        if (this.#cancelled || news.kind === "gone") return false;
        // Before anything more is passed on.
        if (await this.#isLockedOut()) return false;
        if (news.kind === "dropped") return true;
        if (news.kind === "timeout") {
          yield HEARTBEAT;
          continue;
        }
        const { payload, start, end, closed } = news.event;
        if (start !== this.#writer.readFrom || payload === undefined) return true;
        countMessages(this.#context.measurement, payload.byteLength);
        yield this.#writer.messages({ payload, end, upToDate: bridge.isDrained, closed });
        if (closed) return false;
      }
    } finally {
      bridge.close();
      this.#bridge = undefined;
    }
  }

  /** Whether the reader may not read on. A status cannot be sent any more: it meets the refusal when it comes back. */
  async #isLockedOut(): Promise<boolean> {
    return (await this.#recheck.refusal(this.#first.outcome.public)) !== undefined;
  }

  /** How long to wait for news before something else is due. */
  get #patienceMs(): number {
    return Math.max(0, Math.min(SSE_HEARTBEAT_MS, this.#remainingMs, this.#recheck.remainingMs));
  }

  get #remainingMs(): number {
    return this.#endsAtMs - Date.now();
  }
}

/** What breaks a connection off is in the log: the client only sees that it ended, and comes back for the rest. */
function tell(error: unknown): Error {
  console.error(error);
  return error instanceof Error ? error : new Error(String(error));
}
