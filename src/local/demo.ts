import { setTimeout as delay } from "node:timers/promises";
import { measureGreenhouse } from "./demo-measurement.ts";

const DEFAULT_INTERVAL_MS = 1_000;
/** An append that takes longer counts as failed. */
const PATIENCE_MS = 5_000;

export interface DemoOptions {
  /** Of the stream that it appends to. */
  readonly stream: string;
  /** A token that opens the stream, asked for with each request. */
  readonly token?: (() => Promise<string>) | undefined;
  /** Told once when appends begin to fail; the demo goes on with the next tick. */
  readonly onProblem: (problem: string) => void;
  /** From one message to the next. Default 1000. */
  readonly intervalMs?: number;
}

export interface Demo {
  /** Resolves once no request of the demo is under way any more. */
  stop(): Promise<void>;
}

/** Appends a measurement to a stream in a steady rhythm until stopped, and creates the stream if need be. */
export function startDemo(options: DemoOptions): Demo {
  const stopper = new AbortController();
  const finished = appendForever(options, stopper.signal);
  return {
    async stop() {
      stopper.abort();
      await finished;
    },
  };
}

/** One message after the other, so a slow server gets fewer of them and never a pile. */
async function appendForever(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const { onProblem, intervalMs = DEFAULT_INTERVAL_MS } = options;
  const begin = performance.now();
  let working = true;
  let sequence: number | undefined;
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    try {
      sequence ??= await create(options, signal);
      await append(options, sequence, signal);
      sequence += 1;
      working = true;
    } catch (error) {
      // Whatever it was, the stream may have changed: look at it anew.
      sequence = undefined;
      if (working && !stopped()) onProblem(error instanceof Error ? error.message : String(error));
      working = false;
    }
    const pause = untilNextTick(performance.now() - begin, intervalMs);
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Milliseconds to the next whole interval since the beginning. Counted from there, the ticks do not drift by what each
 * append takes, and those that were missed are left out.
 */
export function untilNextTick(elapsedMs: number, intervalMs: number): number {
  return intervalMs - (elapsedMs % intervalMs);
}

/** Answers how many messages the stream holds, so that numbering goes on where an earlier run left off. */
async function create(to: DemoOptions, signal: AbortSignal): Promise<number> {
  const response = await request(to, "PUT", undefined, signal);
  // The second group of our own server's offsets counts the messages of a JSON stream.
  const count = Number(response.headers.get("stream-next-offset")?.split("_")[1]);
  return Number.isSafeInteger(count) ? count : 0;
}

async function append(to: DemoOptions, sequence: number, signal: AbortSignal): Promise<void> {
  const measurement = measureGreenhouse(new Date(), Math.random);
  await request(to, "POST", JSON.stringify({ sequence, ...measurement }), signal);
}

async function request(
  { stream, token }: DemoOptions,
  method: "PUT" | "POST",
  body: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(stream, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${await token()}` }),
    },
    body: body ?? null,
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${stream} was answered with ${response.status}: ${text}`);
  return response;
}
