import { runDurableObjectAlarm } from "cloudflare:test";
import { expect } from "vitest";
import type { ForkReference } from "../../../src/worker/storage/fork-rows.ts";
import { LONG_SECONDS } from "../../worker/support/alarms.ts";
import type { Clock } from "../../worker/support/clock.ts";
import { keysOf } from "../../worker/support/bucket.ts";
import { NOTHING_STORED, storedState } from "../../worker/support/object-state.ts";
import { freshName, offsetAt, StreamClient } from "../../worker/support/stream-client.ts";

export interface ForkOptions {
  /** The position of the divergence point; left out, the source's tail. */
  readonly offset?: number | undefined;
  readonly subOffset?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** The headers of a fork's creation; a source that is no stream of the test's is given by its path. */
export function forkHeaders(source: StreamClient | string, { offset, subOffset, headers }: ForkOptions = {}) {
  return {
    "Stream-Forked-From": typeof source === "string" ? source : source.path,
    ...(offset === undefined ? {} : { "Stream-Fork-Offset": offsetAt(offset) }),
    ...(subOffset === undefined ? {} : { "Stream-Fork-Sub-Offset": String(subOffset) }),
    ...headers,
  };
}

/** Asks for a fork; without a Content-Type unless the headers hold one. */
export function putFork(
  source: StreamClient | string,
  fork: StreamClient,
  options: ForkOptions = {},
): Promise<Response> {
  // A text as a body would bring a Content-Type along.
  const body = typeof options.body === "string" ? new TextEncoder().encode(options.body) : options.body;
  return fork.send(fork.path, { method: "PUT", headers: forkHeaders(source, options), body: body as BodyInit });
}

/** A stream of the same kind that is not there yet. */
export function freshLike(source: StreamClient, hint = "fork"): StreamClient {
  return new StreamClient(freshName(hint), source.contentType, source.send);
}

/** Forks what must be there to be forked. */
export async function createFork(source: StreamClient, options: ForkOptions = {}): Promise<StreamClient> {
  const fork = freshLike(source);
  const response = await putFork(source, fork, options);
  if (response.status !== 201) {
    throw new Error(`the fork was answered with ${String(response.status)}: ${await response.text()}`);
  }
  return fork;
}

/** The forks that a stream's object has written down to need it, by their names. */
export async function references(source: StreamClient): Promise<ForkReference[]> {
  const { tables } = await storedState(source);
  return (tables["fork"] ?? []) as unknown as ForkReference[];
}

export async function referencedNames(source: StreamClient): Promise<string[]> {
  return (await references(source)).map(({ fork }) => fork.slice("default/".length)).sort();
}

/** Runs the alarms of all objects until none is set for now or soon; what waits for later is left. */
export async function runAllAlarms(streams: readonly StreamClient[], most = 12): Promise<void> {
  for (let round = 0; round < most; round++) {
    const ran = await Promise.all(streams.map((stream) => runDurableObjectAlarm(stream.object)));
    if (!ran.includes(true)) return;
  }
}

/** Lets everything that is due within hours be done, as often as one thing leads to another. */
export async function settle(clock: Clock, streams: readonly StreamClient[], passes = 4): Promise<void> {
  for (let pass = 0; pass < passes; pass++) {
    await runAllAlarms(streams);
    clock.advanceSeconds(LONG_SECONDS);
  }
  await runAllAlarms(streams);
}

/** Nothing is left of any of the streams: no row, no table, no alarm, no object in the bucket. */
export async function expectNothingLeft(streams: readonly StreamClient[]): Promise<void> {
  for (const stream of streams) {
    expect(await storedState(stream), stream.name).toEqual(NOTHING_STORED);
    expect(await keysOf(`segments/default/${encodeURIComponent(stream.name)}/`)).toEqual([]);
  }
}
