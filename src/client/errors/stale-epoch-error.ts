import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/** 403 with an epoch: a newer session writes under the same producer id, and this one is fenced off (section 5.2.1). */
export class StaleEpochError extends ClientError {
  override readonly kind = "conflict";
  override readonly hint =
    "Another writer took over this producer id. Stop one of the two, or give this one a producer id of its own.";
  /** The epoch that the server holds, when it said so. */
  readonly currentEpoch: number | undefined;

  constructor(details: ClientErrorDetails & { readonly currentEpoch: number | undefined }) {
    super(details);
    this.currentEpoch = details.currentEpoch;
  }
}
