import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/** 409 with sequences: the server has not seen the batches before this one (section 5.2.1). */
export class SequenceGapError extends ClientError {
  override readonly kind = "conflict";
  override readonly hint =
    "The stream was re-created or has forgotten this producer: check what it holds, then start over with a new producer.";
  readonly expectedSeq: number | undefined;
  readonly receivedSeq: number | undefined;

  constructor(
    details: ClientErrorDetails & {
      readonly expectedSeq: number | undefined;
      readonly receivedSeq: number | undefined;
    },
  ) {
    super(details);
    this.expectedSeq = details.expectedSeq;
    this.receivedSeq = details.receivedSeq;
  }
}
