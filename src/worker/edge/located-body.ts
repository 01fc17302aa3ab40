import { contentKind } from "../../protocol/content-type.ts";
import { protocolError } from "../../protocol/errors.ts";
import { joinPayloads, readBody } from "../../protocol/messages.ts";
import { readSlice, type SegmentReader } from "../segments/read-slice.ts";
import type { SegmentFault, SegmentFaultCode } from "../segments/segment-fault.ts";
import { decodePieces, isLocated } from "../stream/read-wire.ts";
import { respondError } from "./responses.ts";

/** How messages stand in a body: as an answer has them, with the brackets of JSON, or by themselves. */
export type MessageForm = "answer" | "payload";

/**
 * The object's answer with its messages in the body, wherever they lie. What was in the hot log is handed on untouched.
 * For sealed history the answer only says where it is: it is read here, so that it never goes through the object.
 *
 * @throws SegmentFault when a segment cannot be read, before anything was answered.
 */
export async function withMessages(
  segments: SegmentReader,
  response: Response,
  contentType: string,
  form: MessageForm,
): Promise<Response> {
  if (!isLocated(response)) return response;
  const pieces = await decodePieces(response);
  const payloads = await Promise.all(
    pieces.map(async (piece) => (piece.kind === "bytes" ? piece.bytes : readSlice(segments, piece.slice))),
  );
  const kind = contentKind(contentType);
  return new Response(form === "answer" ? readBody(kind, payloads) : joinPayloads(kind, payloads));
}

const SENTENCES: Readonly<Record<SegmentFaultCode, string>> = {
  SEGMENT_MISSING:
    "A part of this stream's history is not in the bucket any more; whoever runs the server can see which with durable-streams inspect verify.",
  SEGMENT_CORRUPT:
    "A part of this stream's history is damaged and was not sent; whoever runs the server can see which with durable-streams inspect verify.",
  SEGMENT_UNAVAILABLE: "The bucket that holds this stream's history did not answer; send the request again.",
};

/** The answer to a reader whose messages cannot be read. Where they lie is for the log alone. */
export function respondFault(fault: SegmentFault): Response {
  console.error(fault.message, fault.cause);
  return respondError(protocolError(fault.code, SENTENCES[fault.code]));
}
