import { ClientError } from "./client-error.ts";

/** The end that was asked for lies inside an answer of a server whose offsets cannot be counted. */
export class OffsetInsidePageError extends ClientError {
  override readonly kind = "rejected";
  override readonly hint = "Use an offset at which this server's answers end, or read by number of messages (-n).";
}
