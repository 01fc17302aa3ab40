import type { ContentKind } from "../../../src/protocol/content-type.ts";
import { nextOffset, offsetAt, type StreamClient } from "../../worker/support/stream-client.ts";

/** A stream in memory: what it has to hold, and the offsets that were handed out. */
export class StreamModel {
  readonly kind: ContentKind;
  /** The position after each append, and 0. */
  readonly offsets: number[] = [0];
  closed = false;
  #messages: Uint8Array[] = [];
  #payload = new Uint8Array(0);

  constructor(kind: ContentKind) {
    this.kind = kind;
  }

  get tail(): number {
    return this.kind === "json" ? this.#messages.length : this.#payload.byteLength;
  }

  get messages(): number {
    return this.#messages.length;
  }

  /** How many messages begin before a position. */
  messagesBefore(position: number): number {
    if (this.kind === "json") return position;
    let at = 0;
    return this.#messages.filter((message) => (at += message.byteLength) <= position).length;
  }

  append(messages: readonly Uint8Array[]): void {
    this.#messages.push(...messages);
    if (this.kind !== "json") this.#payload = joined([this.#payload, ...messages], "");
    this.offsets.push(this.tail);
  }

  /** The payload from one position to another, JSON without its brackets. */
  payload(from: number, to: number): Uint8Array {
    return this.kind === "json" ? joined(this.#messages.slice(from, to), ",") : this.#payload.subarray(from, to);
  }

  /** What a read from one position to another has to answer, byte for byte. */
  answer(from: number, to: number): Uint8Array {
    const payload = this.payload(from, to);
    if (this.kind !== "json") return payload;
    const encoder = new TextEncoder();
    return joined([encoder.encode("["), payload, encoder.encode("]")], "");
  }

  /** Reads the stream from a position to its end and throws when anything is not as it is here. */
  async requireRead(stream: StreamClient, position: number): Promise<void> {
    let from = position;
    for (;;) {
      const response = await stream.get(`?offset=${offsetAt(from)}`);
      const body = new Uint8Array(await response.arrayBuffer());
      const where = `a read of ${stream.name} at ${String(from)}`;
      if (response.status !== 200) {
        throw new Error(`${where} answered ${String(response.status)}: ${new TextDecoder().decode(body)}`);
      }
      const next = Number(nextOffset(response).slice(17));
      if (!isSame(body, this.answer(from, next))) throw new Error(`${where} gave other bytes up to ${String(next)}`);
      const isUpToDate = response.headers.get("Stream-Up-To-Date") === "true";
      const isClosed = response.headers.get("Stream-Closed") === "true";
      if (isUpToDate !== (next === this.tail) || isClosed !== (isUpToDate && this.closed)) {
        throw new Error(`${where} gave the wrong end: ${String(next)} of ${String(this.tail)}`);
      }
      if (isUpToDate) return;
      if (next <= from) throw new Error(`${where} gave nothing although more follows`);
      from = next;
    }
  }
}

/** Compares as fast as the runtime can. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}

function joined(parts: readonly Uint8Array[], separator: string): Uint8Array<ArrayBuffer> {
  const between = new TextEncoder().encode(separator);
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const whole = new Uint8Array(bytes + between.byteLength * Math.max(0, parts.length - 1));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (i > 0) whole.set(between, at);
    at += i > 0 ? between.byteLength : 0;
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
