import { onTestFinished, vi } from "vitest";

/** A webhook as its receiver got it. */
export interface Delivery {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly wake: DeliveredWake;
  readonly method: string | undefined;
  readonly redirect: string | undefined;
}

interface DeliveredWake {
  readonly subscription_id: string;
  readonly wake_id: string;
  readonly generation: number;
  readonly streams: readonly {
    readonly path: string;
    readonly link_type: string;
    readonly acked_offset: string;
    readonly tail_offset: string;
    readonly has_pending: boolean;
  }[];
  readonly callback_url: string;
  readonly callback_token: string;
}

/** What came in cannot be awaited, only looked for. */
const LOOK_EVERY_MS = 2;

type Answer = (delivery: Delivery) => Response | Promise<Response>;

/** An answer that does not come before the delivery is aborted. */
export const NEVER: Answer = () => new Promise<never>(() => undefined);

/**
 * Receives what objects send out: the pool cannot listen, and everything runs in one isolate, so the receiver stands where
 * `fetch` is.
 */
export class Receiver {
  readonly deliveries: Delivery[] = [];
  answer: Answer;

  constructor(answer: Answer = () => Response.json({ done: true })) {
    this.answer = answer;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => this.#receive(url, init));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
  }

  /**
   * Waits until as many deliveries came in all; gives the last of them. It looks for them: after a promise that the object
   * resolved the test would go on inside that object, where nothing of its own may be used.
   */
  async received(count: number): Promise<Delivery> {
    for (;;) {
      const delivery = this.deliveries[count - 1];
      if (delivery !== undefined) return delivery;
      await scheduler.wait(LOOK_EVERY_MS);
    }
  }

  async #receive(url: string, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted();
    const body = init.body as string;
    const headers = new Headers(init.headers);
    const delivery = {
      url,
      headers,
      body,
      wake: JSON.parse(body) as DeliveredWake,
      method: init.method,
      redirect: init.redirect,
    };
    this.deliveries.push(delivery);
    const signal = init.signal ?? new AbortController().signal;
    return Promise.race([this.answer(delivery), rejectedBy(signal)]);
  }
}

/** Gives what is sent out to whichever of these it is for. */
export function receiveFor(
  receivers: readonly { receive(delivery: Delivery): Promise<Response | undefined> }[],
): Receiver {
  return new Receiver(async (delivery) => {
    for (const receiver of receivers) {
      const answer = await receiver.receive(delivery);
      if (answer !== undefined) return answer;
    }
    return new Response(null, { status: 404 });
  });
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("aborted"));
    });
  });
}
