import type { ListedStream } from "../../client/directory.ts";
import { visibleLine } from "../../client/visible-text.ts";

const PATH_WIDTH = 32;
const TYPE_WIDTH = 24;
const OFFSET_WIDTH = 33;
const STATE_WIDTH = 6;
const ACCESS_WIDTH = 6;
const TIME_WIDTH = 24;
const GAP = "  ";

export const STREAMS_HEADING = row("STREAM", "TYPE", "TAIL", "CLOSED", "PUBLIC", "CREATED", "EXPIRES");

/** A stream as a line of a table. */
export function streamRow(stream: ListedStream): string {
  return row(
    stream.path,
    stream.contentType,
    stream.nextOffset,
    stream.closed ? "closed" : "",
    stream.public ? "public" : "",
    stream.createdAt,
    expiryWords(stream),
  );
}

function expiryWords({ ttlSeconds, expiresAt }: ListedStream): string {
  const ttl = ttlSeconds === undefined ? "" : ` (unused for ${String(ttlSeconds)} s)`;
  return expiresAt === undefined && ttl === "" ? "never" : `${expiresAt ?? ""}${ttl}`.trim();
}

function row(
  path: string,
  type: string,
  tail: string,
  state: string,
  access: string,
  created: string,
  expires: string,
): string {
  const cells = [
    path.padEnd(PATH_WIDTH),
    type.padEnd(TYPE_WIDTH),
    tail.padEnd(OFFSET_WIDTH),
    state.padEnd(STATE_WIDTH),
    access.padEnd(ACCESS_WIDTH),
    created.padEnd(TIME_WIDTH),
    expires,
  ];
  return `${visibleLine(cells.join(GAP).trimEnd())}\n`;
}
