import { hash, randomBytes } from "node:crypto";

/** What a message of the load says of itself. Together with the chain it is the proof of a delivery. */
export interface LoadMessage {
  /** Which run of the command it belongs to. */
  readonly run: string;
  readonly writer: number;
  /** A writer begins another chain after an append of which nobody knows what became. */
  readonly chain: number;
  /** Counts the messages of a chain from 0. */
  readonly seq: number;
  /** When its append was sent, in microseconds of this process's monotonic clock. */
  readonly sentUs: number;
  readonly padding: string;
}

export interface ChainedMessage extends LoadMessage {
  /** Over this message and the hash of the one before it in the chain. */
  readonly hash: string;
}

/** What the first message of a chain has for the hash of the one before. */
export const CHAIN_START = "0000000000000000";

/** Room for every field at its longest, and the line end that messages have outside JSON streams. */
export const MESSAGE_MIN_BYTES = 128;

const HASH_CHARACTERS = CHAIN_START.length;

function head({ run, writer, chain, seq, sentUs, padding }: LoadMessage): string {
  return `{"r":"${run}","w":${String(writer)},"c":${String(chain)},"s":${String(seq)},"t":${String(sentUs)},"p":"${padding}"`;
}

/** The hash that a message must carry after one that carried `previous`. */
export function chainHash(previous: string, message: LoadMessage): string {
  return hash("sha256", previous + head(message), "hex").slice(0, HASH_CHARACTERS);
}

/** A message as it is sent: JSON text of ASCII without line breaks. */
export function messageText(message: ChainedMessage): string {
  return `${head(message)},"h":"${message.hash}"}`;
}

/** Makes messages of one size. What fills them differs from one to the next and cannot be compressed much. */
export class MessageMaker {
  readonly #bytes: number;
  readonly #pool: string;

  /** `bytes` is at least `MESSAGE_MIN_BYTES` and does not count a line end. */
  constructor(bytes: number) {
    this.#bytes = bytes;
    const random = randomBytes(Math.min(bytes, 49_152)).toString("base64url");
    this.#pool = random.repeat(Math.ceil((bytes * 2) / random.length));
  }

  make(message: Omit<LoadMessage, "padding">, previous: string): ChainedMessage {
    const bare = messageText({ ...message, padding: "", hash: CHAIN_START });
    const from = (message.seq * 7 + message.writer) % this.#bytes;
    const padded = { ...message, padding: this.#pool.slice(from, from + this.#bytes - bare.length) };
    return { ...padded, hash: chainHash(previous, padded) };
  }
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value);

/**
 * What a server delivered, as a message; `undefined` if it is none. A server may write JSON in another way as long as the
 * values are the same.
 */
export function parseMessage(text: string): ChainedMessage | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof fields !== "object" || fields === null) return undefined;
  const { r: run, w: writer, c: chain, s: seq, t: sentUs, p: padding, h } = fields as Record<string, unknown>;
  if (typeof run !== "string" || typeof padding !== "string" || typeof h !== "string") return undefined;
  if (!isCount(writer) || !isCount(chain) || !isCount(seq) || !isCount(sentUs)) return undefined;
  return { run, writer, chain, seq, sentUs, padding, hash: h };
}
