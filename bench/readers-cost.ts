/** What some readers of the same history took together. */
export interface ReadersCost {
  /** Where a reader finds what one before it has read: nowhere, in the same isolate, or in the same data centre. */
  readonly near: "nothing" | "their isolate" | "their data centre";
  readonly readers: number;
  readonly answers: number;
  readonly objectRequests: number;
  readonly r2Reads: number;
}
