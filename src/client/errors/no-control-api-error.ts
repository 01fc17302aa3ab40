import { ClientError } from "./client-error.ts";

/** The server has streams, and nothing at the URLs of the control API that was asked (section 6): no list, or no subscriptions. */
export class NoControlApiError extends ClientError {
  override readonly kind = "rejected";
  override readonly hint =
    "Ask a durable-streams server of this version or later, and check that the URL names the root of its streams.";
}
