import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/** 5xx: the server failed. */
export class ServerFailureError extends ClientError {
  override readonly kind = "unavailable";
  override readonly hint = "Try again later. If it stays so, the server's logs say why.";
  override readonly retryable = true;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(details: ClientErrorDetails & { readonly retryAfterMs: number | undefined }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs;
  }
}
