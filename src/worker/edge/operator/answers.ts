import { protocolError } from "../../../protocol/errors.ts";
import { respond, respondError } from "../responses.ts";

/** What operators are told is theirs alone, and true only at the moment. */
export const CACHE_CONTROL = "private, no-store";

/** How long the bucket may take over an answer. */
export const PATIENCE_MS = 15_000;

/** Fields that are `undefined` are left out. */
export function respondJson(value: object, status = 200): Response {
  return respond(status, { "Content-Type": "application/json", "Cache-Control": CACHE_CONTROL }, JSON.stringify(value));
}

/** Bytes as they lie in the bucket. */
export function respondObject(body: ReadableStream, bytes: number): Response {
  return respond(
    200,
    {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": "attachment",
      "Content-Length": String(bytes),
      "Cache-Control": CACHE_CONTROL,
    },
    body,
  );
}

export function respondNoStream(): Response {
  return respondError(protocolError("STREAM_NOT_FOUND", "There is no stream at this URL."));
}

export function respondBucketFailure(error: unknown): Response {
  console.error(error);
  return respondError(
    protocolError("SEGMENT_UNAVAILABLE", "The bucket that holds the segments did not answer; ask again."),
  );
}
