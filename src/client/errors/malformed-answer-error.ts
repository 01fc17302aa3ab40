import { ClientError } from "./client-error.ts";

/** The answer does not follow the protocol, so nothing can be concluded from it. */
export class MalformedAnswerError extends ClientError {
  override readonly kind = "malformed";
  override readonly hint = "Check that the URL is a Durable Streams server's and that no proxy changes its answers.";
}
