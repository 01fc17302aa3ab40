import { protocolError } from "../../protocol/errors.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/**
 * Reads a request's body whole, before anything is asked of the stream's object: a client that sends slowly holds up
 * nobody but itself. A body over `maxBytes` is refused by its announced length, or else as soon as that much has come.
 */
export async function readRequestBody(request: Request, maxBytes: number): Promise<Parsed<Uint8Array>> {
  if (request.body === null) return parsed(new Uint8Array(0));
  const announced = request.headers.get("Content-Length");
  if (announced !== null) {
    if (Number(announced) > maxBytes) return tooLarge(maxBytes);
    return parsed(new Uint8Array(await request.arrayBuffer()));
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body as ReadableStream<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    pieces.push(piece);
  }
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return parsed(body);
}

function tooLarge(maxBytes: number): Parsed<never> {
  return failed(
    protocolError(
      "BODY_TOO_LARGE",
      `The body is larger than ${String(maxBytes)} bytes, the most one request may carry; send it in several appends. Nothing was written.`,
    ),
  );
}
