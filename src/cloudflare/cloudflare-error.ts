/** What a failure means to whoever asked, whatever Cloudflare's own number for it is. */
export type CloudflareErrorKind = "not-allowed" | "not-found" | "conflict" | "rejected" | "unavailable" | "broken-tool";

export interface CloudflareErrorDetails {
  readonly kind: CloudflareErrorKind;
  /** Stable, upper case with underscores: scripts match on it. */
  readonly code: string;
  /** What was asked and what the answer was, as one sentence. Never a credential. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** The first of Cloudflare's own error numbers. */
  readonly cloudflareCode?: number | undefined;
}

/** A failure of Cloudflare's API, or of wrangler, that somebody can do something about. */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  readonly kind: CloudflareErrorKind;
  readonly code: string;
  readonly hint: string;
  readonly status: number | undefined;
  readonly cloudflareCode: number | undefined;

  constructor(details: CloudflareErrorDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.kind = details.kind;
    this.code = details.code;
    this.hint = details.hint;
    this.status = details.status;
    this.cloudflareCode = details.cloudflareCode;
  }
}

/** Whether there simply is no such thing: the answer of a look-up, not a failure. */
export function isNotFound(error: unknown): boolean {
  return error instanceof CloudflareError && error.kind === "not-found";
}
