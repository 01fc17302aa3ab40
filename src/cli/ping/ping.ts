import { setTimeout as wait } from "node:timers/promises";
import { answerError } from "../../client/answer-error.ts";
import { isClientError, type ClientError } from "../../client/errors/client-error.ts";
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
  /** Why there was no answer, or what a refusal says. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A ping, and beside it the refusal as the client's own error. */
export interface Pinged {
  readonly pong: Pong;
  readonly refusal?: ClientError;
}

export interface PingOptions {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  /** What a refusal is said of: the URL without its query. */
  readonly about: string;
  readonly count: number;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/** Asks again and again, one request after the other, over one connection as far as the server keeps it open. */
export async function* pings(
  send: (request: Request) => Promise<Answer>,
  { method, url, about, count, intervalMs, signal }: PingOptions,
): AsyncGenerator<Pinged> {
  for (let seq = 1; seq <= count; seq++) {
    if (seq > 1 && !(await pause(intervalMs, signal))) return;
    const startedMs = performance.now();
    try {
      const answer = await send({ method, url, signal });
      const timeMs = performance.now() - startedMs;
      const pong = { seq, status: answer.status, timeMs, ...told(answer) };
      if (answer.status < 400) {
        await answer.dump();
        yield { pong };
      } else {
        const refusal = await answerError(answer, about, "Asking");
        yield { pong: { ...pong, error: { code: refusal.code, message: refusal.message } }, refusal };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isClientError(error)) throw error;
      yield { pong: { seq, error: { code: error.code, message: error.message } } };
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
