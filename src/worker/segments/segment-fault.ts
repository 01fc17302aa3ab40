/** Why a part of a stream's history cannot be read. */
export type SegmentFaultCode = "SEGMENT_MISSING" | "SEGMENT_CORRUPT" | "SEGMENT_UNAVAILABLE";

/** Sealed history that is not there, is not what was sealed, or cannot be reached now. */
export class SegmentFault extends Error {
  readonly code: SegmentFaultCode;
  readonly key: string;

  constructor(code: SegmentFaultCode, key: string, problem: string, options?: ErrorOptions) {
    super(`${code}: the segment ${key}: ${problem}`, options);
    this.code = code;
    this.key = key;
  }
}
