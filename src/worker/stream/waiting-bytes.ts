import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { APPEND_QUEUE_MAX_BYTES } from "../../protocol/limits.ts";

export interface QueueFull {
  readonly kind: "refused";
  readonly error: ProtocolError;
}

const MESSAGE = `More than ${String(APPEND_QUEUE_MAX_BYTES)} bytes are waiting to be stored in this stream; send this request again in a moment.`;

/** What waits to be stored is held in memory, which all objects of a machine share: only so much of it may wait. */
export class WaitingBytes {
  #waiting = 0;

  /** Does `work`, which stores that many bytes sooner or later, unless too much waits already. */
  async admit<Outcome>(bytes: number, work: () => Promise<Outcome>): Promise<Outcome | QueueFull> {
    if (this.#waiting + bytes > APPEND_QUEUE_MAX_BYTES) {
      return { kind: "refused", error: protocolError("APPEND_QUEUE_FULL", MESSAGE) };
    }
    this.#waiting += bytes;
    try {
      return await work();
    } finally {
      this.#waiting -= bytes;
    }
  }
}
