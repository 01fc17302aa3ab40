import { UnexpectedDuplicateError } from "./errors/unexpected-duplicate-error.ts";
import { appendToStream, type AppendOptions, type AppendResult, type Producer } from "./operations.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import type { Transport } from "./transport.ts";

export interface Delivery extends AppendOptions {
  readonly producer: Producer;
  /** The batch may have been sent before, by a process that died: then the server may have it already. */
  readonly mayBeThere: boolean;
}

/**
 * Delivers a batch exactly once: sends it, and after a failure sends the very same batch again under the same producer,
 * epoch and sequence, which the server recognises (section 5.2.1).
 *
 * A duplicate is a success only if an earlier try can have stored it. On a first try it means that the server holds some
 * other batch under this number, and throws `UnexpectedDuplicateError`.
 */
export async function deliver(
  transport: Transport,
  url: string,
  delivery: Delivery,
  retry: RetryOptions = {},
): Promise<AppendResult> {
  let mayBeThere = delivery.mayBeThere;
  return withRetries(
    async () => {
      const firstTry = !mayBeThere;
      mayBeThere = true;
      const result = await appendToStream(transport, url, delivery);
      if (!result.duplicate || !firstTry) return result;
      const { id, epoch, seq } = delivery.producer;
      throw new UnexpectedDuplicateError({
        url,
        status: 204,
        knowsProducer: result.knowsProducer,
        code: "UNEXPECTED_DUPLICATE",
        message: `The batch ${String(seq)} of producer ${JSON.stringify(id)}, epoch ${String(epoch)}, was not stored: the server holds another one under that number.`,
      });
    },
    { ...retry, signal: delivery.signal ?? retry.signal },
  );
}
