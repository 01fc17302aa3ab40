import { sameContentType } from "./content-type.ts";
import { protocolError, quote, type ProtocolError } from "./errors.ts";
import { FORK_ANCESTORS_MAX } from "./limits.ts";
import { formatOffset, parseOffset, type Position } from "./offset.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/**
 * Forks (section 4.2). A fork shares the offset space of its source: what lies before its own first position is inherited,
 * and is read from where it lies. Of every stretch a fork knows which stream holds it as its own, however many forks lie
 * between, so that reading never follows a chain.
 */

/** What the creation of a fork asks for. */
export interface ForkRequest {
  /** `project/path` of the stream to fork. */
  readonly source: string;
  /** The divergence point; `undefined` for the source's tail. */
  readonly offset: Position | undefined;
  /** Positions past it that are inherited too: messages (JSON) or bytes. */
  readonly subOffset: number;
}

/** A stretch of inherited history: it ends at `until`, and begins where the one before it ends. */
export interface InheritedStretch {
  /** `project/path` and incarnation of the stream that holds it as its own. */
  readonly stream: string;
  readonly incarnation: string;
  readonly until: Position;
}

/** What a fork keeps of where it comes from. */
export interface ForkOrigin {
  readonly source: string;
  /** The divergence point as it was asked for, or as it came out. */
  readonly offset: Position;
  readonly subOffset: number;
  /** From the first position of all to the fork's own first one. */
  readonly inherited: readonly InheritedStretch[];
}

/** What a fork's source is like, as far as forking it is concerned. */
export interface ForkSource {
  readonly name: string;
  readonly incarnation: string;
  readonly contentType: string;
  readonly tail: Position;
  readonly fork: ForkOrigin | undefined;
}

/** The first position that is a stream's own: what lies before it is inherited. */
export function ownStart(fork: ForkOrigin | undefined): Position {
  return fork?.inherited.at(-1)?.until ?? 0;
}

/** What of `from` on is inherited: the stretches that follow, the first of them cut at nothing but its end. */
export function inheritedFrom(fork: ForkOrigin | undefined, from: Position): readonly InheritedStretch[] {
  return fork?.inherited.filter(({ until }) => until > from) ?? [];
}

/**
 * Whether and how a source can be forked: what the fork inherits, or the error of the table in section 4.2.
 *
 * @param contentType what the request says, or `undefined` to take the source's.
 */
export function resolveFork(
  source: ForkSource,
  request: ForkRequest,
  contentType: string | undefined,
): Parsed<ForkOrigin> {
  if (contentType !== undefined && !sameContentType(contentType, source.contentType)) {
    return failed(
      protocolError(
        "CONTENT_TYPE_MISMATCH",
        `The source holds ${quote(source.contentType)}, and a fork of it cannot hold ${quote(contentType)}; leave Content-Type out.`,
      ),
    );
  }
  const { offset = source.tail, subOffset } = request;
  const position = offset + subOffset;
  const beyond = beyondTail(source.tail, offset, position, subOffset);
  if (beyond !== undefined) return failed(beyond);
  const inherited = cutAt(position, [
    ...(source.fork?.inherited ?? []),
    { stream: source.name, incarnation: source.incarnation, until: source.tail },
  ]);
  if (inherited.length > FORK_ANCESTORS_MAX) {
    return failed(
      protocolError(
        "FORK_TOO_DEEP",
        `A fork may inherit from ${String(FORK_ANCESTORS_MAX)} streams, and this one would from ${String(inherited.length)}; fork one of the earlier ones.`,
      ),
    );
  }
  return parsed({ source: source.name, offset, subOffset, inherited });
}

function beyondTail(
  tail: Position,
  offset: Position,
  position: Position,
  subOffset: number,
): ProtocolError | undefined {
  if (offset > tail) {
    return protocolError(
      "FORK_OFFSET_BEYOND_TAIL",
      `Stream-Fork-Offset ${formatOffset(offset)} lies past the source's end at ${formatOffset(tail)}; use an offset that the source gave, or leave it out.`,
    );
  }
  if (position <= tail) return undefined;
  return protocolError(
    "INVALID_FORK_SUB_OFFSET",
    `Stream-Fork-Sub-Offset is ${String(subOffset)}, and the source holds only ${String(tail - offset)} past ${formatOffset(offset)}; use that or less.`,
  );
}

/** The stretches up to `position`. Streams that hold nothing of it are left out. */
function cutAt(position: Position, stretches: readonly InheritedStretch[]): InheritedStretch[] {
  const cut: InheritedStretch[] = [];
  let start = 0;
  for (const stretch of stretches) {
    const until = Math.min(stretch.until, position);
    if (until > start) cut.push({ ...stretch, until });
    start = Math.max(start, until);
  }
  return cut;
}

/** Reads `Stream-Fork-Offset`; `null` stands for an absent header. */
export function parseForkOffset(header: string | null): Parsed<Position | undefined> {
  if (header === null) return parsed(undefined);
  const position = parseOffset(header);
  if (position !== undefined) return parsed(position);
  // Offsets of other servers, and those past what ours can be, have the shape and are beyond every tail.
  return failed(
    protocolError(
      "INVALID_FORK_OFFSET",
      `Stream-Fork-Offset is ${quote(header)}; use an offset that the source gave, such as ${formatOffset(0)}.`,
    ),
  );
}

const SUB_OFFSET = /^(0|[1-9]\d{0,15})$/;

/** Reads `Stream-Fork-Sub-Offset`; absent means 0. */
export function parseForkSubOffset(header: string | null): Parsed<number> {
  if (header === null) return parsed(0);
  const subOffset = Number(header);
  if (SUB_OFFSET.test(header) && Number.isSafeInteger(subOffset)) return parsed(subOffset);
  return failed(
    protocolError(
      "INVALID_FORK_SUB_OFFSET",
      `Stream-Fork-Sub-Offset is ${quote(header)}; it must be a whole number in plain digits: messages of JSON, or bytes.`,
    ),
  );
}

/** How an existing stream differs from the fork that is asked for, or `undefined` when it is that fork. */
export function forkMismatch(existing: ForkOrigin | undefined, wanted: ForkRequest | undefined): string | undefined {
  if (existing === undefined || wanted === undefined) {
    if (existing !== undefined) return "it is a fork of another stream";
    return wanted === undefined ? undefined : "it is no fork";
  }
  if (existing.source !== wanted.source) return `it is a fork of another stream than ${quote(wanted.source)}`;
  if (wanted.offset !== undefined && wanted.offset !== existing.offset) {
    return `it was forked at ${formatOffset(existing.offset)}, not at ${formatOffset(wanted.offset)}`;
  }
  if (existing.subOffset !== wanted.subOffset) {
    return `its sub-offset is ${String(existing.subOffset)}, not ${String(wanted.subOffset)}`;
  }
  return undefined;
}
