import type { ContentKind } from "../protocol/content-type.ts";

/**
 * A stretch of a stream, in order, as every way of reading hands it on. Together the batches of a read hold every byte
 * once.
 */
export interface StreamBatch {
  readonly kind: ContentKind;
  /** For JSON the verbatim texts of whole messages; otherwise bytes, cut anywhere. */
  readonly pieces: readonly Uint8Array[];
  /** Where to go on after this batch; `undefined` in the middle of an answer, where no offset is known. */
  readonly nextOffset: string | undefined;
  /** Everything the stream had when the server answered has been handed on. */
  readonly upToDate: boolean;
  /** Nothing will ever follow (section 4.1). */
  readonly closed: boolean;
}
