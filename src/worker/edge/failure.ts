import { protocolError } from "../../protocol/errors.ts";
import { respondError } from "./responses.ts";

const UNAVAILABLE = protocolError(
  "UNAVAILABLE",
  "The stream could not be reached at the moment; send the request again, with producer headers if it must not be done twice.",
);

const INTERNAL = protocolError(
  "INTERNAL",
  "Something went wrong inside the server, and its log says what; the request may be sent again.",
);

/** Answers for what throws on the way. It is logged and never told to the client: it may hold what is none of its business. */
export async function orFailure(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    console.error(error);
    return respondError(isPassing(error) ? UNAVAILABLE : INTERNAL);
  }
}

/** The platform marks what its objects throw while they are moved, updated or flooded with requests. */
function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return ("retryable" in error && error.retryable === true) || ("overloaded" in error && error.overloaded === true);
}
