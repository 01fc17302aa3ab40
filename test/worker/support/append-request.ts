import type { AppendRequest } from "../../../src/worker/stream/operations.ts";

/** An append of one JSON message as the edge hands it to the object. */
export function jsonAppend(text: string, producer?: AppendRequest["producer"]): AppendRequest {
  const payload = new TextEncoder().encode(text);
  return {
    contentType: "application/json",
    hasBody: true,
    messages: { payload, sizes: [payload.byteLength] },
    producer,
    streamSeq: null,
    close: false,
  };
}
