import type { Message } from "./message.ts";

/** So many of the newest messages are kept, over all streams; a stream may run for days. */
export const RING_MAX_MESSAGES = 10_000;

/** And of them no more than so many bytes. The newest message stays, whatever its size. */
export const RING_MAX_BYTES = 16 * 1_048_576;

/** What a kept message costs besides its data, in bytes: many tiny ones are not free either. */
const MESSAGE_OVERHEAD_BYTES = 64;

/** The newest messages, oldest first. */
export interface Ring {
  readonly messages: readonly Message[];
  readonly bytes: number;
}

export const EMPTY_RING: Ring = { messages: [], bytes: 0 };

interface RingLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

const LIMITS: RingLimits = { maxMessages: RING_MAX_MESSAGES, maxBytes: RING_MAX_BYTES };

/** For what is in memory as a whole already. */
export const NO_LIMITS: RingLimits = { maxMessages: Infinity, maxBytes: Infinity };

export function costOf(message: Message): number {
  return message.bytes.byteLength + MESSAGE_OVERHEAD_BYTES;
}

/** Adds the newest, and lets the oldest go where there is no room for both. */
export function pushed(ring: Ring, added: readonly Message[], { maxMessages, maxBytes } = LIMITS): Ring {
  if (added.length === 0) return ring;
  const all = [...ring.messages, ...added];
  let bytes = added.reduce((sum, message) => sum + costOf(message), ring.bytes);
  let first = 0;
  for (; first < all.length - 1; first++) {
    if (all.length - first <= maxMessages && bytes <= maxBytes) break;
    const oldest = all[first];
    if (oldest !== undefined) bytes -= costOf(oldest);
  }
  return { messages: first === 0 ? all : all.slice(first), bytes };
}

/** Without the messages of one stream, which is read anew from elsewhere. */
export function without(ring: Ring, stream: number): Ring {
  const messages = ring.messages.filter((message) => message.stream !== stream);
  return { messages, bytes: messages.reduce((sum, message) => sum + costOf(message), 0) };
}
