import { randomBytes, timingSafeEqual } from "node:crypto";
import { isClientError } from "../../client/errors/client-error.ts";
import type { Ack } from "../../client/subscriptions.ts";
import { isLeaseLost, type Lease } from "./lease.ts";

const TOKEN_BYTES = 32;

/** What a callback comes to: the status and body of the answer (section 7.1). */
export interface CallbackAnswer {
  readonly status: number;
  readonly body: object;
}

/** What a handler sends to the callback URL, not checked yet. */
export type CallbackBody = Readonly<Record<string, unknown>>;

/** A wake that is being forwarded: the lease behind it, and the token that the handler may call back with. */
export class ForwardedWake {
  readonly lease: Lease;
  readonly token = randomBytes(TOKEN_BYTES).toString("base64url");
  readonly #over = new AbortController();

  constructor(lease: Lease) {
    this.lease = lease;
  }

  /** Aborted when the wake has ended: acked as done, or lost. */
  get over(): AbortSignal {
    return AbortSignal.any([this.#over.signal, this.lease.lost]);
  }

  isTokenOf(token: string): boolean {
    const given = Buffer.from(token);
    const own = Buffer.from(this.token);
    return given.byteLength === own.byteLength && timingSafeEqual(given, own);
  }

  /** Acks all that the wake shows as pending, and ends it. */
  async finish(): Promise<void> {
    const pending = this.lease.claim.streams.filter(({ hasPending }) => hasPending);
    await this.lease.finish(pending.map(({ path, tailOffset }) => ({ stream: path, offset: tailOffset })));
    this.#over.abort();
  }

  /** What the handler calls back with, relayed as an ack of the lease. */
  async callback({ wake_id, generation, acks = [], done }: CallbackBody): Promise<CallbackAnswer> {
    const { claim } = this.lease;
    if (wake_id !== claim.wakeId || generation !== claim.generation || this.over.aborted) return FENCED;
    if (!isAcks(acks)) {
      return refusal(400, "INVALID_SUBSCRIPTION", 'acks is a list of {"stream","offset"}, both of them texts.');
    }
    try {
      if (done !== true) {
        await this.lease.ack(acks);
        return { status: 200, body: { ok: true, next_wake: false } };
      }
      const next_wake = await this.lease.finish(acks);
      this.#over.abort();
      return { status: 200, body: { ok: true, next_wake } };
    } catch (error) {
      if (isLeaseLost(error)) return FENCED;
      if (!isClientError(error)) throw error;
      return refusal(error.status ?? 503, error.code, error.message);
    }
  }
}

/** Why a callback is not taken, as a server would answer it. */
export function refusal(status: number, code: string, message: string): CallbackAnswer {
  return { status, body: { error: { code, message } } };
}

export const FENCED = refusal(409, "FENCED", "This wake has ended: it was acked as done, or its lease ran out.");

function isAcks(value: unknown): value is readonly Ack[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => {
      if (typeof each !== "object" || each === null || !("stream" in each) || !("offset" in each)) return false;
      return typeof each.stream === "string" && typeof each.offset === "string";
    })
  );
}
