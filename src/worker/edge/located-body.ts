import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import { protocolError } from "../../protocol/errors.ts";
import { READ_CHUNK_MAX_BYTES } from "../../protocol/limits.ts";
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
  return new Response(
    form === "answer"
      ? answerBody(contentKind(contentType), payloads)
      : joinPayloads(contentKind(contentType), payloads),
  );
}

/** The body of an answer. A large message is not copied for the sake of its brackets. */
function answerBody(kind: ContentKind, payloads: readonly Uint8Array[]): BodyInit {
  const [only] = payloads;
  if (payloads.length > 1 || only === undefined || only.byteLength <= READ_CHUNK_MAX_BYTES || kind !== "json") {
    return readBody(kind, payloads);
  }
  const parts = [OPEN, only, CLOSE];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
}

const OPEN = new TextEncoder().encode("[");
const CLOSE = new TextEncoder().encode("]");

const SENTENCES: Readonly<Record<SegmentFaultCode, string>> = {
  SEGMENT_MISSING:
    "A part of this stream's history is not in the bucket any more; whoever runs the server can see which with durable-streams inspect verify.",
  SEGMENT_CORRUPT:
    "A part of this stream's history is damaged and was not sent; whoever runs the server can see which with durable-streams inspect verify.",
  SEGMENT_UNAVAILABLE: "The bucket that holds this stream's history did not answer; send the request again.",
};

/** The answer to a reader whose messages cannot be read. Where they lie is for the log alone. */
export function respondFault(fault: SegmentFault): Response {
  if (fault.cause === undefined) console.error(fault.message);
  else console.error(fault.message, fault.cause);
  return respondError(protocolError(fault.code, SENTENCES[fault.code]));
}
