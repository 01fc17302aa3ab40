// A server that knows nothing but the operator API of one stream, and says what a test makes it say: real servers do not
// lose objects or contradict themselves on request.
import type { ServerResponse } from "node:http";
import type { SegmentRow, StreamMap } from "../../../../src/client/operator-types.ts";
import { formatOffset, parseOffset, type Position } from "../../../../src/protocol/offset.ts";
import { encodeSegment, type SegmentContent } from "../../../../src/protocol/segment/segment.ts";
import { startScripted, type Handler, type ScriptedServer } from "../../../support/scripted-server.ts";

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export const INCARNATION = "11111111-2222-4333-8444-555555555555";
const STREAM = "default/s";

/** What the server believes, to be changed by tests. */
export interface FakeStream {
  map: Changeable<Omit<StreamMap, "segments" | "hot">> & {
    segments: Changeable<StreamMap["segments"]>;
    hot: Changeable<StreamMap["hot"]>;
  };
  rows: Changeable<SegmentRow>[];
  /** The bucket, by keys. */
  readonly objects: Map<string, Uint8Array>;
  /** Rows in a page of the manifest, unless fewer are asked for. */
  pageRows: number;
}

export function jsonSegment(start: Position, messages: readonly string[], changes: Partial<SegmentContent> = {}) {
  const payload = Buffer.from(messages.join(","));
  const sizes = messages.map((message) => Buffer.byteLength(message));
  return encodeSegment({
    stream: STREAM,
    incarnation: INCARNATION,
    contentType: "application/json",
    start,
    runs: [{ payload, sizes, appendedAtMs: Date.UTC(2026, 0, 1) }],
    ...changes,
  });
}

export function keyOf(start: Position, end: Position): string {
  const digits = (position: Position): string => String(position).padStart(16, "0");
  return `segments/default/s/${INCARNATION}/${digits(start)}-${digits(end)}.00c0ffee.seg`;
}

/** Adds a segment to manifest and bucket. */
export async function addSegment(stream: FakeStream, start: Position, messages: readonly string[]): Promise<void> {
  const { object, end, payloadBytes } = await jsonSegment(start, messages);
  const key = keyOf(start, end);
  stream.objects.set(key, object);
  stream.rows.push({
    number: stream.rows.length,
    start: formatOffset(start),
    end: formatOffset(end),
    messages: messages.length,
    bytes: payloadBytes,
    objectBytes: object.byteLength,
    key,
    state: "sealed",
    appendedAtMs: Date.UTC(2026, 0, 1),
    sealedAtMs: Date.UTC(2026, 0, 1),
    attempts: 1,
  });
  const { segments, hot } = stream.map;
  segments.count++;
  segments.messages += messages.length;
  segments.bytes += payloadBytes;
  hot.start = formatOffset(end);
  stream.map.tail = formatOffset(end + hot.messages);
}

/** An intact stream of as many segments as are asked for, two messages in each, and one hot message. */
export async function fakeStream(segments = 3): Promise<FakeStream> {
  const stream: FakeStream = {
    map: {
      stream: STREAM,
      incarnation: INCARNATION,
      contentType: "application/json",
      public: false,
      closed: false,
      createdAtMs: Date.UTC(2026, 0, 1),
      expiry: { kind: "none" },
      tail: formatOffset(1),
      messages: 2 * segments + 1,
      bytes: 100,
      hot: { start: formatOffset(0), messages: 1, bytes: 7, rows: 1 },
      segments: { count: 0, messages: 0, bytes: 0 },
      sealing: { state: "idle", failures: 0, maxMessages: 2, maxBytes: 1000 },
      purges: [],
      readers: 0,
      producers: { count: 0, list: [] },
    },
    rows: [],
    objects: new Map(),
    pageRows: 1000,
  };
  for (let i = 0; i < segments; i++) {
    await addSegment(stream, 2 * i, [`{"n":${String(2 * i)}}`, `{"n":${String(2 * i + 1)}}`]);
  }
  return stream;
}

function answer(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function failure(response: ServerResponse, status: number, code: string): void {
  answer(response, { error: { code, message: `It is ${code}.` } }, status);
}

function segmentPage({ rows, map, pageRows }: FakeStream, query: URLSearchParams): unknown {
  const from = parseOffset(query.get("from") ?? "") ?? 0;
  const wanted = rows.filter(({ end }) => (parseOffset(end) ?? 0) > from);
  const page = wanted.slice(0, Math.min(pageRows, Number(query.get("limit") ?? pageRows)));
  return {
    incarnation: map.incarnation,
    segments: page,
    next: page.length < wanted.length ? page.at(-1)?.end : null,
  };
}

/** Answers about the stream. `before` may change it before each answer, or answer itself. */
function operatorHandler(
  stream: FakeStream,
  before: (what: string, response: ServerResponse) => boolean = () => false,
): Handler {
  return ({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://server");
    const what = /^\/v1\/__ds\/streams\/default\/(\w+)\/s$/.exec(pathname)?.[1] ?? "";
    if (before(what, response)) return;
    if (what === "inspect") answer(response, stream.map);
    else if (what === "segments") answer(response, segmentPage(stream, searchParams));
    else if (what === "objects") {
      const objects = [...stream.objects].map(([key, bytes]) => ({ key, bytes: bytes.byteLength, uploadedAtMs: 1 }));
      answer(response, { prefix: `segments/default/s/${INCARNATION}/`, objects, cursor: null });
    } else {
      const at = searchParams.get("at") ?? "";
      // Where two hold it, the later one is meant.
      const row = stream.rows.findLast(({ start, end, state }) => state === "sealed" && start <= at && at < end);
      const object = row === undefined ? undefined : stream.objects.get(row.key);
      if (row === undefined) failure(response, 404, "SEGMENT_NOT_FOUND");
      else if (object === undefined) failure(response, 500, "SEGMENT_MISSING");
      else response.writeHead(200, { "content-type": "application/octet-stream" }).end(object);
    }
  };
}

export function startOperator(
  stream: FakeStream,
  before?: (what: string, response: ServerResponse) => boolean,
): Promise<ScriptedServer> {
  return startScripted(operatorHandler(stream, before));
}
