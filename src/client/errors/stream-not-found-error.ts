import { ClientError } from "./client-error.ts";

/** 404: nothing is at this URL. */
export class StreamNotFoundError extends ClientError {
  override readonly kind = "not-found";
  override readonly hint = "Check the stream's name and the server's URL, or create the stream first.";
}
