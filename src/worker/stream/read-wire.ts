import { formatOffset, parseOffsetQuery, type OffsetQuery } from "../../protocol/offset.ts";
import type { ReadOutcome, ReadRequest } from "./operations.ts";

/**
 * How a read goes to the object and back: as an HTTP request, since its answer is a body that the edge passes on without
 * touching it, or a WebSocket. The facts travel in the URL one way and in one header the other.
 */

const OUTCOME_HEADER = "Ds-Outcome";

export function encodeReadRequest(read: ReadRequest): Request {
  const query = new URLSearchParams({ from: formatFrom(read.from), max: String(read.maxBytes), wait: read.wait });
  const headers: Record<string, string> = read.wait === "no" ? {} : { Upgrade: "websocket" };
  return new Request(`http://stream/read?${query.toString()}`, { headers });
}

export function decodeReadRequest(request: Request): ReadRequest {
  const { searchParams } = new URL(request.url);
  const wait = searchParams.get("wait");
  return {
    from: parseOffsetQuery(searchParams.get("from") ?? "") ?? { kind: "start" },
    maxBytes: Number(searchParams.get("max")),
    wait: wait === "sse" || wait === "long-poll" ? wait : "no",
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
  return new Response(body, { headers: { [OUTCOME_HEADER]: JSON.stringify(outcome) } });
}

export function encodeAttachResponse(outcome: ReadOutcome, client: WebSocket): Response {
  return new Response(null, { status: 101, webSocket: client, headers: { [OUTCOME_HEADER]: JSON.stringify(outcome) } });
}

export function decodeReadOutcome(response: Response): ReadOutcome {
  const outcome = response.headers.get(OUTCOME_HEADER);
  if (outcome === null)
    throw new Error(`the stream's object answered a read with ${String(response.status)} and no outcome`);
  return JSON.parse(outcome) as ReadOutcome;
}
