import { ClientError } from "./client-error.ts";

/** No connection, or it broke before the answer was complete. */
export class ConnectionError extends ClientError {
  override readonly kind = "unavailable";
  override readonly hint =
    "Is the server running, and is the URL right (--url or DURABLE_STREAMS_URL)? `durable-streams dev` starts one here.";
  override readonly retryable = true;
}
