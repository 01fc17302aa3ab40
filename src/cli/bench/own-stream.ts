import type { StreamClient } from "../../client/stream-client.ts";
import type { LoadTarget } from "./load.ts";

/** A stream that is left behind all the same, as by a kill, goes by itself so long after the run. */
const LEFT_BEHIND_SECONDS = 3_600;
const DELETE_WITHIN_MS = 10_000;

export interface OwnStreamOptions {
  readonly contentType: string;
  readonly runSeconds: number;
  /** It is to stay. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

/** Creates the stream of a run. */
export async function createOwnStream(
  client: StreamClient,
  url: string,
  options: OwnStreamOptions,
): Promise<LoadTarget> {
  const { contentType, runSeconds, keep, signal } = options;
  const ttlSeconds = keep ? undefined : runSeconds + LEFT_BEHIND_SECONDS;
  const { nextOffset } = await client.create(url, { contentType, ttlSeconds, signal });
  const offset = nextOffset ?? (await client.describe(url, signal)).nextOffset;
  return { client, url, contentType, offset, isShared: false };
}

/** Takes a stream that is there as it is: the load goes to its end. */
export async function useStream(client: StreamClient, url: string, signal: AbortSignal): Promise<LoadTarget> {
  const { contentType, nextOffset } = await client.describe(url, signal);
  return { client, url, contentType, offset: nextOffset, isShared: true };
}

/** Deletes the streams of a run, whatever became of it; returns those that are still there. */
export async function deleteOwnStreams(targets: readonly LoadTarget[]): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(DELETE_WITHIN_MS);
  const left = await Promise.all(
    targets.map(async ({ client, url }) => {
      try {
        await client.delete(url, signal);
        return [];
      } catch {
        return [url];
      }
    }),
  );
  return left.flat();
}
