import { ClientError } from "./client-error.ts";

/** 409 for any other reason: other configuration, other content type, a Stream-Seq that is not greater (sections 5.1, 5.2). */
export class ConflictError extends ClientError {
  override readonly kind = "conflict";
  override readonly hint =
    "Compare the request with what the stream is: its content type, expiry, closure and sequence.";
}
