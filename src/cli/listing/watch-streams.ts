import { setTimeout as wait } from "node:timers/promises";
import type { DirectoryClient, ListedStream } from "../../client/directory.ts";
import { isRetryable } from "../../client/errors/client-error.ts";

/** What became of a stream from one look at the list to the next. */
export type StreamChange =
  | { readonly change: "added"; readonly stream: ListedStream }
  /** It moved, was closed, or is kept otherwise than before. */
  | { readonly change: "changed"; readonly stream: ListedStream; readonly before: ListedStream }
  | { readonly change: "removed"; readonly path: string };

export interface WatchOptions {
  readonly prefix: string | undefined;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** A look that failed, and may succeed the next time. */
  readonly onProblem: (error: unknown) => void;
}

/** What a reading or an append moves is no news by itself: the end of a sliding lifetime is left out. */
function facts({ nextOffset, closed, public: isPublic, contentType, expiresAt, ttlSeconds }: ListedStream): string {
  const end = ttlSeconds === undefined ? expiresAt : undefined;
  return JSON.stringify([nextOffset, closed, isPublic, contentType, end, ttlSeconds]);
}

/** Changes from one list to the next, in the order of the names' bytes as far as they are listed; what is gone comes last. */
export function changesBetween(
  before: ReadonlyMap<string, ListedStream>,
  after: ReadonlyMap<string, ListedStream>,
): readonly StreamChange[] {
  const changes: StreamChange[] = [];
  for (const [path, stream] of after) {
    const known = before.get(path);
    if (known === undefined) changes.push({ change: "added", stream });
    // One of the same name that was created later is another one.
    else if (known.createdAt !== stream.createdAt) {
      changes.push({ change: "removed", path }, { change: "added", stream });
    } else if (facts(known) !== facts(stream)) changes.push({ change: "changed", stream, before: known });
  }
  for (const path of before.keys()) if (!after.has(path)) changes.push({ change: "removed", path });
  return changes;
}

async function listed(directory: DirectoryClient, { prefix, signal }: WatchOptions) {
  const streams = new Map<string, ListedStream>();
  for await (const page of directory.streams({ prefix, signal })) {
    for (const stream of page) streams.set(stream.path, stream);
  }
  return streams;
}

/**
 * Looks at the list again and again, until the signal ends it by its reason, and hands on what has changed: first of all
 * every stream that is there. Throws a `ClientError` when the first look fails, and later for what no waiting mends.
 */
export async function* watchStreams(
  directory: DirectoryClient,
  options: WatchOptions,
): AsyncGenerator<readonly StreamChange[]> {
  let known: ReadonlyMap<string, ListedStream> | undefined;
  for (;;) {
    try {
      const now = await listed(directory, options);
      const changes = changesBetween(known ?? new Map<string, ListedStream>(), now);
      known = now;
      if (changes.length > 0) yield changes;
    } catch (error) {
      if (known === undefined || !isRetryable(error)) throw error;
      options.onProblem(error);
    }
    await wait(options.intervalMs, undefined, { signal: options.signal }).catch(() => {
      options.signal.throwIfAborted();
    });
  }
}
