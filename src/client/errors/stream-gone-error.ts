import { ClientError } from "./client-error.ts";

/** 410: the stream was deleted while forks still need its data, or the offset lies before what is kept (sections 5.4, 5.6). */
export class StreamGoneError extends ClientError {
  override readonly kind = "not-found";
  override readonly hint =
    "It was deleted, and only its forks still read what it held; or what is at this offset is no longer kept, and a read from the start finds the rest.";
}
