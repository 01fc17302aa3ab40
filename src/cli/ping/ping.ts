import { setTimeout as wait } from "node:timers/promises";
import { isClientError } from "../../client/errors/client-error.ts";
import type { Answer, Request } from "../../client/transport.ts";

/** One request and what came of it. */
export interface Pong {
  /** Counts from 1. */
  readonly seq: number;
  readonly status?: number;
  /** Until the head of the answer was there, in milliseconds. */
  readonly timeMs?: number;
  /** What the server says it took of that, if it says so (`Server-Timing: total`). */
  readonly serverMs?: number;
  /** What a cache on the way says of the answer, such as `HIT`. */
  readonly cache?: string;
  /** Why there was no answer. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface PingOptions {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly count: number;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/** Asks again and again, one request after the other, over one connection as far as the server keeps it open. */
export async function* pings(
  send: (request: Request) => Promise<Answer>,
  { method, url, count, intervalMs, signal }: PingOptions,
): AsyncGenerator<Pong> {
  for (let seq = 1; seq <= count; seq++) {
    if (seq > 1 && !(await pause(intervalMs, signal))) return;
    const startedMs = performance.now();
    try {
      const answer = await send({ method, url, signal });
      const timeMs = performance.now() - startedMs;
      await answer.dump();
      yield { seq, status: answer.status, timeMs, ...told(answer) };
    } catch (error) {
      if (signal.aborted) return;
      if (!isClientError(error)) throw error;
      yield { seq, error: { code: error.code, message: error.message } };
    }
  }
}

/** Whether it was waited to the end. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

const TOTAL = /(?:^|,)\s*total;(?:[^,]*;)?\s*dur=([\d.]+)/;

function told(answer: Answer): Pick<Pong, "serverMs" | "cache"> {
  const total = TOTAL.exec(answer.header("server-timing") ?? "")?.[1];
  const cache = answer.header("cf-cache-status") ?? answer.header("x-cache");
  return {
    ...(total === undefined ? {} : { serverMs: Number(total) }),
    ...(cache === undefined ? {} : { cache }),
  };
}
