import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/**
 * 204 for a batch that was sent for the first time: the server holds another batch under the same producer id, epoch and
 * sequence, so this one was not stored (section 5.2.1). Taking it for a success would lose it without a word.
 */
export class UnexpectedDuplicateError extends ClientError {
  override readonly kind = "conflict";
  override readonly hint =
    "Two writers use the same producer id in the same epoch. Give each writer a producer id of its own.";
  /** The answer repeats what was said of the producer; else its server may not look at producers, and store everything. */
  readonly knowsProducer: boolean;

  constructor(details: ClientErrorDetails & { readonly knowsProducer: boolean }) {
    super(details);
    this.knowsProducer = details.knowsProducer;
  }
}
