import type { Dispatcher } from "undici";
import { expectStatus, type Call } from "./http.ts";

export interface Load {
  readonly durationMs: number;
  /** Bounds what one load leaves on the disk and takes to read back. */
  readonly maxCalls: number;
  /** The request of this number; `writer` is the connection that sends it. */
  readonly call: (number: number, writer: number) => Call;
  readonly statuses: readonly number[];
}

export interface Written {
  /** Requests 0 to `count` - 1 were sent, and every one of them was answered as expected. */
  readonly count: number;
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
}

/** Closed loops: each connection sends its next request when the last one was answered. */
export async function writeFor(clients: readonly Dispatcher[], load: Load): Promise<Written> {
  const latenciesMs: number[] = [];
  let count = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + load.durationMs;
  await Promise.all(
    clients.map(async (client, writer) => {
      for (let now = performance.now(); now < endsAt && count < load.maxCalls;) {
        await expectStatus(client, load.call(count++, writer), ...load.statuses);
        const answeredAt = performance.now();
        latenciesMs.push(answeredAt - now);
        now = answeredAt;
      }
    }),
  );
  return { count, elapsedMs: performance.now() - startedAt, latenciesMs };
}

/** Opens the connections before anything is measured. */
export async function warmUp(clients: readonly Dispatcher[], path: string): Promise<void> {
  await Promise.all(clients.map((client) => expectStatus(client, { method: "GET", path: `${path}?offset=-1` }, 200)));
}
