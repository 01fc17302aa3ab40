import { NO_STORE, readCacheControl } from "../../protocol/cache-policy.ts";
import { contentKind } from "../../protocol/content-type.ts";
import { readEtag } from "../../protocol/etag.ts";
import * as header from "../../protocol/headers.ts";
import { formatOffset, type OffsetQuery } from "../../protocol/offset.ts";
import type { Measurement } from "../metrics/measurement.ts";
import type { Absence, ReadOutcome } from "../stream/operations.ts";
import { publicFields } from "./cors.ts";
import { respondAbsence, respondError, type HeaderFields } from "./responses.ts";

/** Facts about messages that were read. */
export type MessagesOutcome = Extract<ReadOutcome, { kind: "messages" | "attached" }>;

/** Headers of an answer with messages, or with none because the reader is at the tail. */
export function messageFields(from: OffsetQuery, outcome: MessagesOutcome, readsAreOpen: boolean): HeaderFields {
  const { incarnation, start, next, upToDate, closed, remainingMs } = outcome;
  const sharing = readsAreOpen ? "open" : outcome.public ? "public" : "private";
  const cache = { sharing, hasMessages: next > start, remainingMs } as const;
  const isSentinel = from.kind === "now";
  return {
    // `now` means another range at every moment: its answer must not be kept, or be compared with a later one.
    "Cache-Control": isSentinel ? NO_STORE : readCacheControl(cache),
    ETag: isSentinel ? undefined : readEtag({ incarnation, start, end: next, upToDate, closed }),
    ...publicFields(outcome.public),
    [header.STREAM_NEXT_OFFSET]: formatOffset(next),
    [header.STREAM_UP_TO_DATE]: upToDate ? "true" : undefined,
    [header.STREAM_CLOSED]: closed ? "true" : undefined,
  };
}

/** Counts messages that are about to be sent. Those that were not looked for elsewhere come from the hot log. */
export function countMessages(measurement: Measurement, bytes = 0): void {
  if (bytes === 0) return;
  measurement.bytesOut += bytes;
  measurement.readFrom("hot");
}

/** Headers that describe the bytes of a stream. Binary is downloaded rather than shown (section 12.7). */
export function bodyFields(contentType: string): HeaderFields {
  return {
    "Content-Type": contentType,
    "Content-Disposition": contentKind(contentType) === "binary" ? "attachment" : undefined,
  };
}

/** Why a read gave no messages. */
export type Unread =
  | Absence
  | Extract<ReadOutcome, { kind: "refused" }>
  /** It was not let in, and the stream is not one that everybody may read. */
  | { readonly kind: "not-allowed"; readonly refusal: Response };

/** The answer to a read that gave no messages. */
export function respondUnread(outcome: Unread): Response {
  switch (outcome.kind) {
    case "not-allowed":
      return outcome.refusal;
    case "refused":
      return respondError(outcome.error);
    case "not-found":
    case "gone":
      return respondAbsence(outcome);
  }
}
