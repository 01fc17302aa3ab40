import { ClientError, type ClientErrorDetails } from "./client-error.ts";

/** 409 with `Stream-Closed`: the stream takes no more messages (section 5.2). */
export class StreamClosedError extends ClientError {
  override readonly kind = "closed";
  override readonly hint = "A closed stream stays closed. Append to another stream.";
  /** The offset after the stream's last message, when the server said so. */
  readonly finalOffset: string | undefined;

  constructor(details: ClientErrorDetails & { readonly finalOffset: string | undefined }) {
    super(details);
    this.finalOffset = details.finalOffset;
  }
}
