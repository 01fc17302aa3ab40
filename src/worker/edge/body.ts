import { protocolError } from "../../protocol/errors.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** How much of a body that is too large is still taken in, so that its sender gets to read the answer. */
const DRAIN_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads a request's body whole, before anything is asked of the stream's object: a client that sends slowly holds up
 * nobody but itself. A body over `maxBytes` is refused as soon as that much has come, or by its announced length.
 */
export async function readRequestBody(request: Request, maxBytes: number): Promise<Parsed<Uint8Array>> {
  if (request.body === null) return parsed(new Uint8Array(0));
  const announcedBytes = announcedLength(request.headers);
  try {
    if (announcedBytes === undefined) return await readBounded(request.body as ReadableStream<Uint8Array>, maxBytes);
    if (announcedBytes <= maxBytes) return parsed(new Uint8Array(await request.arrayBuffer()));
    // A client that is still sending when the connection is cut hears of a broken connection and not of its mistake.
    if (announcedBytes <= DRAIN_MAX_BYTES) await request.body.pipeTo(new WritableStream());
    return tooLarge(maxBytes);
  } catch {
    return failed(
      protocolError(
        "BODY_INCOMPLETE",
        "The body ended early or its framing is broken; send it again. Nothing was written.",
      ),
    );
  }
}

/** The length a request announces; `undefined` where its body comes in chunks, which then decide, whatever else it says. */
function announcedLength(headers: Headers): number | undefined {
  const length = headers.get("Content-Length");
  return length === null || headers.has("Transfer-Encoding") ? undefined : Number(length);
}

async function readBounded(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Parsed<Uint8Array>> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    pieces.push(piece);
  }
  return parsed(joinPayloads("binary", pieces));
}

function tooLarge(maxBytes: number): Parsed<never> {
  return failed(
    protocolError(
      "BODY_TOO_LARGE",
      `The body is larger than ${String(maxBytes)} bytes, the most one request may carry; send it in several appends. Nothing was written.`,
    ),
  );
}
