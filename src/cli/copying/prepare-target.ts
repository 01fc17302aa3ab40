import { StreamNotFoundError } from "../../client/errors/stream-not-found-error.ts";
import { type RetryOptions, withRetries } from "../../client/retry.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { sameContentType } from "../../protocol/content-type.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** What a copy is to be, where it is not there yet. */
export interface TargetShape {
  readonly contentType: string;
  readonly ttlSeconds?: number | undefined;
  readonly expiresAt?: string | undefined;
  readonly public?: boolean | undefined;
}

export interface PreparedTarget {
  /** This run has made it, so nothing can be in it. */
  readonly isNew: boolean;
  readonly contentType: string;
}

/** Finds the stream that is copied to, or makes it. */
export async function prepareTarget(
  client: StreamClient,
  url: string,
  shape: TargetShape,
  { retry, signal }: { readonly retry: RetryOptions; readonly signal: AbortSignal },
): Promise<PreparedTarget> {
  try {
    const { contentType } = await client.describe(url, signal);
    if (sameContentType(contentType, shape.contentType)) return { isNew: false, contentType };
    throw new CommandFailure({
      code: "TARGET_IS_OF_ANOTHER_TYPE",
      message: `${url} holds ${contentType}, and what is copied is ${shape.contentType}.`,
      hint: "Choose a name that is free.",
      exitCode: EXIT.conflict,
    });
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  // A creation whose answer was lost is found there by the next try: then it is looked at like any other.
  const { created } = await withRetries(() => client.create(url, { ...shape, signal }), { ...retry, signal });
  return { isNew: created, contentType: shape.contentType };
}
