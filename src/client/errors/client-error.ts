/** What a failure means to whoever asked, whatever the status or the transport was. */
export type ClientErrorKind =
  "not-found" | "not-allowed" | "conflict" | "closed" | "rejected" | "malformed" | "unavailable";

export interface ClientErrorDetails {
  /** What went wrong, with the URL or value it went wrong with. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The server's own `error.code` where it sent one, else a stable code of ours. */
  readonly code: string;
  /** The HTTP status, or `undefined` when no answer arrived. */
  readonly status?: number | undefined;
}

/**
 * The base of everything the client throws. One class per failure stands in its own file beside this one; `retryable`
 * says whether the same request may succeed if it is simply sent again later.
 */
export abstract class ClientError extends Error {
  abstract readonly kind: ClientErrorKind;
  readonly code: string;
  readonly hint: string;
  readonly status: number | undefined;
  readonly retryable: boolean = false;

  constructor(details: ClientErrorDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.name = new.target.name;
    this.code = details.code;
    this.hint = details.hint;
    this.status = details.status;
  }
}

export function isClientError(error: unknown): error is ClientError {
  return error instanceof ClientError;
}
