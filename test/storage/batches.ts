import fc from "fast-check";
import type { ContentKind } from "../../src/protocol/content-type.ts";
import { joinPayloads, type MessageBatch } from "../../src/protocol/messages.ts";
import { jsonValueText, utf8 } from "../protocol/arbitraries.ts";

/** Batches of messages as appends bring them, and what they hold. */

export const kinds = fc.constantFrom<ContentKind>("json", "text", "binary");

const jsonMessage = fc.oneof(
  { weight: 3, arbitrary: fc.nat(99_999).map(String) },
  { weight: 1, arbitrary: jsonValueText },
);

/** One append: for JSON one or more messages, for anything else its bytes as one message. */
function batchOf(kind: ContentKind): fc.Arbitrary<MessageBatch> {
  if (kind !== "json") {
    return fc
      .uint8Array({ minLength: 1, maxLength: 30 })
      .map((bytes) => ({ payload: bytes, sizes: [bytes.byteLength] }));
  }
  return fc.array(jsonMessage, { minLength: 1, maxLength: 8 }).map((texts) => {
    const messages = texts.map(utf8);
    return { payload: joinPayloads("json", messages), sizes: messages.map((message) => message.byteLength) };
  });
}

export function batchesOf(kind: ContentKind): fc.Arbitrary<MessageBatch[]> {
  return fc.array(batchOf(kind), { maxLength: 12 });
}

/** Batches as they lie in storage: some of them put together, so that bytes too come as several messages. */
export function storedBatchesOf(kind: ContentKind): fc.Arbitrary<MessageBatch[]> {
  const stored = fc.array(batchOf(kind), { minLength: 1, maxLength: 4 }).map((parts) => ({
    payload: joinPayloads(
      kind,
      parts.map(({ payload }) => payload),
    ),
    sizes: parts.flatMap(({ sizes }) => sizes),
  }));
  return fc.array(stored, { maxLength: 6 });
}

/** The messages of some batches, one by one. */
export function messagesOf(kind: ContentKind, batches: readonly MessageBatch[]): Uint8Array[] {
  const separator = kind === "json" ? 1 : 0;
  return batches.flatMap(({ payload, sizes }) => {
    let at = 0;
    return sizes.map((size) => {
      const message = payload.slice(at, at + size);
      at += size + separator;
      return message;
    });
  });
}
