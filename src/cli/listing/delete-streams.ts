import { isClientError, type ClientError } from "../../client/errors/client-error.ts";
import { StreamGoneError } from "../../client/errors/stream-gone-error.ts";
import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import { withRetries, type RetryOptions } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { inParallel } from "../inspect/in-parallel.ts";

/** Deletions under way at one time. */
const AT_ONCE = 8;

/** Refusals that are told one by one; of the rest only the number is. */
const TOLD_MAX = 10;

/** Refusals in a row before anything was deleted: what refuses these refuses all the others, too. */
const HOPELESS = 16;

/** What became of the streams. */
export interface Deletions {
  readonly deleted: number;
  /** Others deleted them meanwhile, or an earlier run whose answer was lost. */
  readonly alreadyGone: number;
  readonly failed: number;
  /** The first of those that could not be deleted. */
  readonly failures: readonly { readonly path: string; readonly error: ClientError }[];
}

export interface DeleteOptions {
  readonly client: StreamClient;
  readonly urlOf: (path: string) => string;
  readonly retry: RetryOptions;
  readonly signal: AbortSignal;
  readonly onProgress: (deleted: number) => void;
}

type Outcome =
  | { readonly kind: "deleted" | "already-gone" }
  | { readonly kind: "failed"; readonly path: string; readonly error: ClientError };

/**
 * Deletes streams, a few at a time. What one of them refuses holds up no other; a server that cannot be reached ends it.
 * Throws a `ClientError` then, or the signal's reason; a later run goes on.
 */
export async function deleteStreams(paths: AsyncIterable<string>, options: DeleteOptions): Promise<Deletions> {
  let deleted = 0;
  let alreadyGone = 0;
  let failed = 0;
  const failures: { path: string; error: ClientError }[] = [];
  for await (const outcome of inParallel(paths, AT_ONCE, (path) => deleteOne(path, options))) {
    if (outcome.kind === "failed") {
      failed++;
      if (failures.length < TOLD_MAX) failures.push({ path: outcome.path, error: outcome.error });
      if (deleted === 0 && failed >= HOPELESS) throw outcome.error;
    } else if (outcome.kind === "deleted") {
      options.onProgress(++deleted);
    } else {
      alreadyGone++;
    }
  }
  return { deleted, alreadyGone, failed, failures };
}

async function deleteOne(path: string, { client, urlOf, retry, signal }: DeleteOptions): Promise<Outcome> {
  try {
    await withRetries(() => client.delete(urlOf(path), signal), { ...retry, signal });
    return { kind: "deleted" };
  } catch (error) {
    if (error instanceof StreamNotFoundError || error instanceof StreamGoneError) return { kind: "already-gone" };
    if (!isClientError(error) || error.retryable) throw error;
    return { kind: "failed", path, error };
  }
}
