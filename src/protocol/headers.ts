/** The protocol's own header names, in the spelling of the specification. HTTP compares them without case. */

/** Tail or resume position of a response (sections 5.1, 5.2, 5.6). */
export const STREAM_NEXT_OFFSET = "Stream-Next-Offset";
/** `true` when a response holds everything the stream had when it was made (section 5.6). */
export const STREAM_UP_TO_DATE = "Stream-Up-To-Date";
/** `true` when no message will ever follow (sections 4.1, 5.6). */
export const STREAM_CLOSED = "Stream-Closed";
/** Cache-collapsing token of the live modes (section 10.1). It is never a position. */
export const STREAM_CURSOR = "Stream-Cursor";
/** Application-level writer sequence, compared bytewise (section 5.2). */
export const STREAM_SEQ = "Stream-Seq";
/** Sliding time to live in whole seconds (section 5.1). */
export const STREAM_TTL = "Stream-TTL";
/** Absolute expiry as an RFC 3339 timestamp (section 5.1). */
export const STREAM_EXPIRES_AT = "Stream-Expires-At";
/** Set to `base64` when SSE data events carry binary (section 5.8). */
export const STREAM_SSE_DATA_ENCODING = "Stream-SSE-Data-Encoding";
/** Path of the stream that a fork inherits from (section 4.2). */
export const STREAM_FORKED_FROM = "Stream-Forked-From";
/** Divergence point of a fork (section 4.2). */
export const STREAM_FORK_OFFSET = "Stream-Fork-Offset";
/** Refines the divergence point inside an append (section 4.2). */
export const STREAM_FORK_SUB_OFFSET = "Stream-Fork-Sub-Offset";

/** Identity of an idempotent producer across restarts (section 5.2.1). */
export const PRODUCER_ID = "Producer-Id";
/** Fencing epoch of an idempotent producer (section 5.2.1). */
export const PRODUCER_EPOCH = "Producer-Epoch";
/** Position of a batch within an epoch (section 5.2.1). */
export const PRODUCER_SEQ = "Producer-Seq";
/** On a sequence gap: what the server waits for (section 5.2.1). */
export const PRODUCER_EXPECTED_SEQ = "Producer-Expected-Seq";
/** On a sequence gap: what the request carried (section 5.2.1). */
export const PRODUCER_RECEIVED_SEQ = "Producer-Received-Seq";

/**
 * Whether a value is made of visible ASCII and spaces. Anything else in a header arrives differently from different
 * clients, so that two values could be taken for one; where a header identifies something it has to be this.
 */
export function isPlainHeaderValue(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value);
}

/** Whether a `Stream-Closed` header counts: only `true`, in any case, does; every other value reads as absent (section 4.1). */
export function isClosedHeader(value: string | null | undefined): boolean {
  return value?.toLowerCase() === "true";
}
