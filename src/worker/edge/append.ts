import { NO_STORE } from "../../protocol/cache-policy.ts";
import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import * as header from "../../protocol/headers.ts";
import { HEADER_VALUE_MAX_BYTES } from "../../protocol/limits.ts";
import { readMessages, type MessageBatch } from "../../protocol/messages.ts";
import { formatOffset } from "../../protocol/offset.ts";
import { parseProducer } from "../../protocol/producer.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import type { AppendOutcome, AppendRequest } from "../stream/operations.ts";
import { readRequestBody } from "./body.ts";
import type { StreamContext } from "./context.ts";
import { respond, respondAbsence, respondError } from "./responses.ts";
import { timed } from "../timing.ts";

/** `POST`: appends messages, closes the stream, or both at once (sections 5.2 and 5.3). */
export async function handleAppend(context: StreamContext): Promise<Response> {
  const request = await timed(context.timing, "body", () => parseAppend(context));
  if (!request.ok) return respondError(request.error);
  const outcome = await timed(context.timing, "object", async (): Promise<AppendOutcome> =>
    context.object.append(request.value),
  );
  return respondAppend(outcome);
}

async function parseAppend({ request, limits, measurement }: StreamContext): Promise<Parsed<AppendRequest>> {
  const { headers } = request;
  const producer = parseProducer(
    headers.get(header.PRODUCER_ID),
    headers.get(header.PRODUCER_EPOCH),
    headers.get(header.PRODUCER_SEQ),
  );
  if (!producer.ok) return producer;
  const streamSeq = parseStreamSeq(headers.get(header.STREAM_SEQ));
  if (!streamSeq.ok) return streamSeq;
  const body = await readRequestBody(request, limits.bodyMaxBytes);
  if (!body.ok) return body;
  measurement.bytesIn = body.value.byteLength;
  const contentType = headers.get("Content-Type");
  const hasBody = body.value.byteLength > 0;
  const close = header.isClosedHeader(headers.get(header.STREAM_CLOSED));
  if (!hasBody && !close) return failed(EMPTY_BODY);
  return parsed({
    contentType,
    hasBody,
    messages: readAppendMessages(contentType ?? "", body.value),
    producer: producer.value,
    streamSeq: streamSeq.value,
    close,
  });
}

/** The messages of an append. What is wrong with them is for the object to tell: the stream's own state comes first. */
function readAppendMessages(contentType: string, body: Uint8Array): MessageBatch | ProtocolError {
  const messages = readMessages(contentType, body);
  if (!messages.ok) return messages.error;
  const isEmptyArray = body.byteLength > 0 && messages.value.sizes.length === 0;
  return isEmptyArray ? EMPTY_ARRAY : messages.value;
}

const EMPTY_BODY = protocolError(
  "EMPTY_BODY",
  "The append has no body; send at least one byte, or Stream-Closed: true to close the stream.",
);

const EMPTY_ARRAY = protocolError(
  "EMPTY_ARRAY",
  "The append is an empty JSON array, which holds no messages; send at least one element.",
);

function parseStreamSeq(value: string | null): Parsed<string | null> {
  if (value === null) return parsed(null);
  if (value === "")
    return failed(
      protocolError(
        "INVALID_STREAM_SEQ",
        "Stream-Seq is empty; send a value that sorts after the last one, or leave the header out.",
      ),
    );
  if (!header.isPlainHeaderValue(value)) {
    return failed(
      protocolError(
        "INVALID_STREAM_SEQ",
        `Stream-Seq is ${quote(value)}; it may hold letters, digits and signs of ASCII only.`,
      ),
    );
  }
  if (value.length <= HEADER_VALUE_MAX_BYTES) return parsed(value);
  return failed(
    protocolError(
      "HEADER_TOO_LONG",
      `Stream-Seq ${quote(value)} is longer than ${String(HEADER_VALUE_MAX_BYTES)} bytes; use a shorter one.`,
    ),
  );
}

function respondAppend(outcome: AppendOutcome): Response {
  switch (outcome.kind) {
    case "appended":
    case "duplicate":
      return respondAppended(outcome);
    case "not-found":
    case "gone":
      return respondAbsence(outcome);
    case "closed":
      return respondError(
        protocolError("STREAM_CLOSED", "The stream is closed and takes no more messages; append to another one."),
        {
          [header.STREAM_CLOSED]: "true",
          [header.STREAM_NEXT_OFFSET]: formatOffset(outcome.next),
        },
      );
    case "stale-epoch":
      return respondError(
        protocolError(
          "STALE_EPOCH",
          `Another instance of this producer took over with Producer-Epoch ${String(outcome.epoch)}; stop, or go on with a higher epoch.`,
        ),
        { [header.PRODUCER_EPOCH]: String(outcome.epoch) },
      );
    case "sequence-gap":
      return respondError(
        protocolError(
          "SEQUENCE_GAP",
          `Producer-Seq ${String(outcome.receivedSeq)} came, and ${String(outcome.expectedSeq)} is next; send the missing batches first.`,
        ),
        {
          [header.PRODUCER_EXPECTED_SEQ]: String(outcome.expectedSeq),
          [header.PRODUCER_RECEIVED_SEQ]: String(outcome.receivedSeq),
        },
      );
    case "refused":
      return respondError(outcome.error);
  }
}

/** New data by an idempotent producer is 200; everything else that succeeded is 204 (section 5.2.1). */
function respondAppended(outcome: Extract<AppendOutcome, { kind: "appended" | "duplicate" }>): Response {
  const { producer } = outcome;
  const isProducersNewData = outcome.kind === "appended" && producer !== undefined && outcome.hasMessages;
  return respond(isProducersNewData ? 200 : 204, {
    "Cache-Control": NO_STORE,
    [header.STREAM_NEXT_OFFSET]: formatOffset(outcome.next),
    [header.STREAM_CLOSED]: outcome.closed ? "true" : undefined,
    [header.PRODUCER_EPOCH]: producer === undefined ? undefined : String(producer.epoch),
    [header.PRODUCER_SEQ]: producer === undefined ? undefined : String(producer.lastSeq),
  });
}
