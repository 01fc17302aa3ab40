import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/** 429: too much at once. */
export class RateLimitedError extends ClientError {
  override readonly kind = "unavailable";
  override readonly hint = "Try again later, or send less at a time.";
  override readonly retryable = true;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(details: ClientErrorDetails & { readonly retryAfterMs: number | undefined }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs;
  }
}
