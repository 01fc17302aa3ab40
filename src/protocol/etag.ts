import { formatOffset, type Position } from "./offset.ts";

/** What an answer to a read covers. */
export interface ReadRange {
  readonly incarnation: string;
  readonly start: Position;
  readonly end: Position;
  /** Whether the answer reaches the end of the stream, and says so. */
  readonly upToDate: boolean;
  /** Whether the answer says that the stream is closed, which it does only when it reaches the end. */
  readonly closed: boolean;
}

/**
 * The entity tag of a read (sections 5.6 and 10.1). The incarnation keeps a stream that was deleted and created again
 * from answering 304 with the bytes of the old one. The mark at the end tells answers apart that say different things
 * about the same bytes: `:c` that nothing follows, `:m` that there is more already.
 */
export function readEtag(range: ReadRange): string {
  return `"${range.incarnation}:${formatOffset(range.start)}:${formatOffset(range.end)}${endMark(range)}"`;
}

function endMark({ closed, upToDate }: ReadRange): string {
  if (closed) return ":c";
  return upToDate ? "" : ":m";
}

/** Whether an `If-None-Match` header names the tag: a list of tags, weak ones included, or `*` (RFC 9110, 13.1.2). */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === etag);
}
