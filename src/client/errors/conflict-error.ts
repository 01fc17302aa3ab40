import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/**
 * 409 for any other reason: other configuration, other content type, a Stream-Seq that is not greater (sections 5.1, 5.2).
 * Where the connection was lost before the reason had come, it is worth asking again: nothing was stored, and which of
 * several meanings of 409 it had is not known.
 */
export class ConflictError extends ClientError {
  override readonly kind = "conflict";
  override readonly hint =
    "Compare the request with what the stream is: its content type, expiry, closure and sequence.";
  override readonly retryable: boolean;

  constructor(details: ClientErrorDetails, isCutOff: boolean) {
    super(details);
    this.retryable = isCutOff;
  }
}
