import { decodeHex, encodeHex } from "../../protocol/hex.ts";
import { LIVE_READERS_MAX } from "../../protocol/limits.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { formatOffset, parseOffsetQuery, type OffsetQuery } from "../../protocol/offset.ts";
import { wholeChunk, type ChunkLimits } from "../storage/chunk.ts";
import type { Piece, SegmentSlice } from "../storage/stored-run.ts";
import type { InheritedRead, ReadOutcome, ReadRequest } from "./operations.ts";

/**
 * How a read goes to the object and back: as an HTTP request, since its answer is a body that the edge passes on without
 * touching it, or a WebSocket. The facts travel in the URL one way and in one header the other. Where a part of the
 * answer lies in segments, the body is instead a list of where everything is, followed by what is at hand.
 */

/**
 * What an edge can read: 2 is answers that say where their bytes lie. During a deploy an older edge asks newer objects, and
 * takes what it does not know for messages.
 */
const FORM_VERSION = 2;

const OUTCOME_HEADER = "Ds-Outcome";
/** Length of the list that a located answer begins with. */
const PIECES_HEADER = "Ds-Pieces-Bytes";
const SEGMENTS_HEADER = "Ds-Segments";

export function encodeReadRequest(read: ReadRequest): Request {
  const query = encodeLimits(read.limits);
  query.set("from", formatFrom(read.from));
  query.set("wait", read.wait);
  if (read.publicOnly === true) query.set("public", "only");
  if (read.readersMax !== undefined) query.set("readers", String(read.readersMax));
  query.set("form", String(FORM_VERSION));
  const headers: Record<string, string> = read.wait === "no" ? {} : { Upgrade: "websocket" };
  return new Request(`http://stream/read?${query.toString()}`, { headers });
}

export function decodeReadRequest(request: Request): DecodedRead {
  const { searchParams } = new URL(request.url);
  const wait = searchParams.get("wait");
  return {
    from: parseOffsetQuery(searchParams.get("from") ?? "") ?? { kind: "start" },
    limits: decodeLimits(searchParams),
    wait: wait === "sse" || wait === "long-poll" ? wait : "no",
    publicOnly: searchParams.get("public") === "only",
    readersMax: Number(searchParams.get("readers") ?? LIVE_READERS_MAX),
    knowsLocations: Number(searchParams.get("form") ?? "1") >= FORM_VERSION,
  };
}

export interface DecodedRead extends ReadRequest {
  readonly publicOnly: boolean;
  readonly readersMax: number;
  /** Whether the edge can be told where bytes lie instead of being given them. */
  readonly knowsLocations: boolean;
}

const INHERITED_PATH = "/inherited";

/** Asks a stream that holds what a fork inherits; the answer has the form of a read's. */
export function encodeInheritedRead({ incarnation, from, until, limits }: InheritedRead): Request {
  const query = encodeLimits(limits);
  query.set("incarnation", incarnation);
  query.set("from", String(from));
  query.set("until", String(until));
  return new Request(`http://stream${INHERITED_PATH}?${query.toString()}`);
}

/** The request as {@link encodeInheritedRead} made it, or `undefined` when it is an ordinary read. */
export function decodeInheritedRead(request: Request): InheritedRead | undefined {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== INHERITED_PATH) return undefined;
  return {
    incarnation: searchParams.get("incarnation") ?? "",
    from: Number(searchParams.get("from")),
    until: Number(searchParams.get("until")),
    limits: decodeLimits(searchParams),
  };
}

function encodeLimits({ maxBytes, maxSegments, mustProgress }: ChunkLimits): URLSearchParams {
  return new URLSearchParams({ max: String(maxBytes), segments: String(maxSegments), progress: String(mustProgress) });
}

/** What an older edge does not say is as it was then. */
function decodeLimits(query: URLSearchParams): ChunkLimits {
  const whole = wholeChunk(Number(query.get("max")));
  return {
    ...whole,
    maxSegments: Number(query.get("segments") ?? whole.maxSegments),
    mustProgress: query.get("progress") !== "false",
  };
}

function formatFrom(from: OffsetQuery): string {
  switch (from.kind) {
    case "start":
      return "-1";
    case "now":
      return "now";
    case "position":
      return formatOffset(from.position);
  }
}

export function encodeReadResponse(outcome: ReadOutcome, body: Uint8Array | null): Response {
  return new Response(body, { headers: { [OUTCOME_HEADER]: headerJson(outcome) } });
}

export function encodeAttachResponse(outcome: ReadOutcome, client: WebSocket): Response {
  return new Response(null, { status: 101, webSocket: client, headers: { [OUTCOME_HEADER]: headerJson(outcome) } });
}

/** JSON that fits into a header: those are ASCII, and names of streams need not be. */
function headerJson(outcome: ReadOutcome): string {
  return JSON.stringify(outcome).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function decodeReadOutcome(response: Response): ReadOutcome {
  const outcome = response.headers.get(OUTCOME_HEADER);
  if (outcome === null)
    throw new Error(`the stream's object answered a read with ${String(response.status)} and no outcome`);
  return JSON.parse(outcome) as ReadOutcome;
}

/** An entry of the list: a stretch of a segment, or how many of the bytes that follow the list are next. */
type WirePiece = number | WireSlice;

interface WireSlice extends Omit<SegmentSlice, "checksums"> {
  readonly checksums: string;
}

/** The answer of a read that goes into sealed history. The list is part of the body, since headers have to be short. */
export function encodeLocatedResponse(outcome: ReadOutcome, pieces: readonly Piece[]): Response {
  const entries = pieces.map((piece): WirePiece =>
    piece.kind === "bytes" ? piece.bytes.byteLength : { ...piece.slice, checksums: encodeHex(piece.slice.checksums) },
  );
  const list = new TextEncoder().encode(JSON.stringify(entries));
  const atHand = pieces.flatMap((piece) => (piece.kind === "bytes" ? [piece.bytes] : []));
  return new Response(joinPayloads("binary", [list, ...atHand]), {
    headers: {
      [OUTCOME_HEADER]: headerJson(outcome),
      [PIECES_HEADER]: String(list.byteLength),
      [SEGMENTS_HEADER]: String(pieces.length - atHand.length),
    },
  });
}

/** From how many segments an answer is to be put together. */
export function segmentCount(response: Response): number {
  return Number(response.headers.get(SEGMENTS_HEADER) ?? "0");
}

/** Whether an answer says where its bytes lie, instead of being them. */
export function isLocated(response: Response): boolean {
  return response.headers.has(PIECES_HEADER);
}

/** The pieces of an answer that {@link isLocated}. */
export async function decodePieces(response: Response): Promise<Piece[]> {
  const body = new Uint8Array(await response.arrayBuffer());
  let at = Number(response.headers.get(PIECES_HEADER));
  const entries = JSON.parse(new TextDecoder().decode(body.subarray(0, at))) as readonly WirePiece[];
  return entries.map((entry): Piece => {
    if (typeof entry !== "number")
      return { kind: "segment", slice: { ...entry, checksums: decodeHex(entry.checksums) } };
    const bytes = body.subarray(at, at + entry);
    at += entry;
    return { kind: "bytes", bytes };
  });
}
