import { ClientError } from "./client-error.ts";

/** The server did not connect, answer or go on sending within the time allowed. */
export class AnswerTimeoutError extends ClientError {
  override readonly kind = "unavailable";
  override readonly hint = "The server or the network is slow or stuck. Try again later.";
  override readonly retryable = true;
}
