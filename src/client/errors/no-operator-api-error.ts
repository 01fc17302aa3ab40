import { ClientError } from "./client-error.ts";

/** The server speaks the protocol, or something else, but has nothing at our operator API's URLs. */
export class NoOperatorApiError extends ClientError {
  override readonly kind = "rejected";
  override readonly hint =
    "Ask a server that durable-streams dev runs. read, tail, describe and inspect export work with any server.";
}
