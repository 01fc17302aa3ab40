import { protocolError } from "../../protocol/errors.ts";
import { joinPayloads } from "../../protocol/messages.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";

/** How much of what a refused body still holds is taken in, and for how long, so that its sender gets to read the answer. */
interface DrainBounds {
  readonly maxBytes: number;
  readonly withinMs: number;
}

/** For whoever was let in, and sends too much. */
const TOO_LARGE_BOUNDS: DrainBounds = { maxBytes: 64 * 1024 * 1024, withinMs: 30_000 };

/** For everybody else. */
const REST_BOUNDS: DrainBounds = { maxBytes: 16 * 1024 * 1024, withinMs: 5_000 };

/**
 * Reads a request's body whole, before anything is asked of the stream's object: a client that sends slowly holds up
 * nobody but itself. A body over `maxBytes` is refused as soon as that much has come, or by its announced length, and what
 * is still to come is taken in and not kept.
 */
export async function readRequestBody(request: Request, maxBytes: number): Promise<Parsed<Uint8Array>> {
  if (request.body === null) return parsed(new Uint8Array(0));
  const announcedBytes = announcedLength(request.headers);
  try {
    if (announcedBytes === undefined) return await readBounded(bytesOf(request.body), maxBytes);
    if (announcedBytes <= maxBytes) return parsed(new Uint8Array(await request.arrayBuffer()));
    if (announcedBytes <= TOO_LARGE_BOUNDS.maxBytes) await drain(bytesOf(request.body), TOO_LARGE_BOUNDS);
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

/**
 * Takes in what nobody has read of a request's body, before its answer is sent. A client that is still sending when the
 * connection is cut hears of a broken connection and not of its answer. Never throws, and keeps nothing.
 */
export async function drainRest(request: Request): Promise<void> {
  const { body } = request;
  if (body === null || request.bodyUsed || body.locked) return;
  await drain(bytesOf(body), REST_BOUNDS).catch(() => undefined);
}

type ByteReader = ReadableStreamDefaultReader<Uint8Array>;

function bytesOf(body: ReadableStream): ByteReader {
  return (body as ReadableStream<Uint8Array>).getReader();
}

async function drain(reader: ByteReader, { maxBytes, withinMs }: DrainBounds): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => {
      resolve("late");
    }, withinMs);
  });
  try {
    for (let bytes = 0; bytes <= maxBytes;) {
      const piece = await Promise.race([reader.read(), late]);
      if (piece === "late" || piece.done) break;
      bytes += piece.value.byteLength;
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => undefined);
  }
}

/** The length a request announces; `undefined` where its body comes in chunks, which then decide, whatever else it says. */
function announcedLength(headers: Headers): number | undefined {
  const length = headers.get("Content-Length");
  return length === null || headers.has("Transfer-Encoding") ? undefined : Number(length);
}

async function readBounded(reader: ByteReader, maxBytes: number): Promise<Parsed<Uint8Array>> {
  const pieces: Uint8Array[] = [];
  for (let bytes = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return parsed(joinPayloads("binary", pieces));
    bytes += value.byteLength;
    if (bytes > maxBytes) break;
    pieces.push(value);
  }
  await drain(reader, REST_BOUNDS);
  return tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): Parsed<never> {
  return failed(
    protocolError(
      "BODY_TOO_LARGE",
      `The body is larger than ${String(maxBytes)} bytes, the most one request may carry; send it in several appends. Nothing was written.`,
    ),
  );
}
