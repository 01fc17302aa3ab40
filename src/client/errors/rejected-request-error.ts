import { ClientError } from "./client-error.ts";

/** Any other 3xx, 4xx or 501: the server understood the request and will not do it. */
export class RejectedRequestError extends ClientError {
  override readonly kind = "rejected";
  override readonly hint =
    "The same request will be refused again: change what the message names, or check that the URL is a stream server's.";
}
