import { ClientError } from "./client-error.ts";

/** 401 or 403: no token, or one that does not allow this. */
export class AccessDeniedError extends ClientError {
  override readonly kind = "not-allowed";
  override readonly hint =
    "Give a token that is valid for this project and allows this operation (--token or DURABLE_STREAMS_TOKEN).";
}
