import { type ClientError, isClientError } from "./errors/client-error.ts";
import { NoOperatorApiError } from "./errors/no-operator-api-error.ts";
import { type RetryOptions, withRetries } from "./retry.ts";

/** Whether what was tried so far certainly had no effect. */
export interface Certainty {
  readonly certain: boolean;
}

/** Errors after which the server may have done what it was asked. */
const unknown = new WeakSet<ClientError>();

/** Whether the server may have done it, although this error was thrown: an answer was lost, now or on an earlier try. */
export function isOutcomeUnknown(error: unknown): boolean {
  return isClientError(error) && unknown.has(error);
}

/** Below 500 the server says that it did nothing. Anything else, an answer that makes no sense included, leaves it open. */
function isRefusal(error: ClientError): boolean {
  if (error instanceof NoOperatorApiError) return true;
  return error.status !== undefined && error.status >= 300 && error.status < 500;
}

/** Repeats what is harmless when repeated, and remembers of the error that ends it whether something may have been done. */
export async function withKnownOutcome<T>(attempt: (tried: Certainty) => Promise<T>, retry: RetryOptions): Promise<T> {
  const tried = { certain: true };
  return withRetries(async () => {
    try {
      return await attempt(tried);
    } catch (error) {
      if (!isClientError(error) || !isRefusal(error)) tried.certain = false;
      if (isClientError(error) && !tried.certain) unknown.add(error);
      throw error;
    }
  }, retry);
}
