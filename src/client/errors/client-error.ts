/** What a failure means to whoever asked, whatever the status or the transport was. */
export type ClientErrorKind =
  "not-found" | "not-allowed" | "conflict" | "closed" | "rejected" | "malformed" | "damaged" | "unavailable";

export interface ClientErrorDetails {
  /** The stream's URL, without credentials. */
  readonly url: string;
  /** What went wrong, with the URL or value it went wrong with. */
  readonly message: string;
  /** The server's own `error.code` where it sent one, else a stable code of ours. */
  readonly code: string;
  /** The HTTP status, or `undefined` when no answer arrived. */
  readonly status?: number | undefined;
  /** The message is the server's own and says what to do as well. Default: false. */
  readonly explained?: boolean | undefined;
  /** What was asked and how it ended, as a sentence: `Reading http://... failed with 401.` */
  readonly asked?: string | undefined;
  /** The server's own sentence, if it wrote one. */
  readonly reason?: string | undefined;
}

/**
 * The base of everything the client throws. Each failure has its class in its own file beside this one; `retryable` says
 * whether the same request may succeed if it is simply sent again later, `hint` what else to do.
 */
export abstract class ClientError extends Error {
  abstract readonly kind: ClientErrorKind;
  abstract readonly hint: string;
  readonly retryable: boolean = false;
  readonly url: string;
  readonly code: string;
  readonly status: number | undefined;
  /** The message says what to do: the hint would only say it again, or something else. */
  readonly explained: boolean;
  /** What was asked and which status it came to; `undefined` where the message is not an answer's. */
  readonly asked: string | undefined;
  /** The server's own sentence alone, without what was asked. */
  readonly reason: string | undefined;

  constructor(details: ClientErrorDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.name = new.target.name;
    this.url = details.url;
    this.code = details.code;
    this.status = details.status;
    this.explained = details.explained ?? false;
    this.asked = details.asked;
    this.reason = details.reason;
  }

  /** The server's own sentence, if it explains: `reason` may also be the text of a proxy. */
  get said(): string | undefined {
    return this.explained ? this.reason : undefined;
  }
}

export function isClientError(error: unknown): error is ClientError {
  return error instanceof ClientError;
}

/** Whether sending the same request again later may succeed. */
export function isRetryable(error: unknown): boolean {
  return isClientError(error) && error.retryable;
}
