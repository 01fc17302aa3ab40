import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLiveEvent, encodeLiveEvent } from "../../src/worker/stream/live-event.ts";
import { bytesOf } from "../protocol/arbitraries.ts";

test("live event: it arrives at the edge as it left the object", () => {
  const event = fc.record({
    start: fc.maxSafeNat(),
    end: fc.maxSafeNat(),
    closed: fc.boolean(),
    payload: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(event, (sent) => {
      expect(decodeLiveEvent(encodeLiveEvent(sent))).toEqual(sent);
    }),
  );
});

test("live event: no messages and messages too many to push are two things", () => {
  const event = { start: 3, end: 3, closed: true };
  expect(decodeLiveEvent(encodeLiveEvent({ ...event, payload: bytesOf() })).payload).toEqual(bytesOf());
  expect(decodeLiveEvent(encodeLiveEvent({ ...event, payload: undefined })).payload).toBeUndefined();
});

test("live event: a payload that is part of a larger buffer goes alone", () => {
  const buffer = bytesOf(1, 2, 3, 4, 5);
  const encoded = encodeLiveEvent({ start: 0, end: 2, closed: false, payload: buffer.subarray(1, 3) });
  expect(decodeLiveEvent(encoded).payload).toEqual(bytesOf(2, 3));
});

test("live event: beside its payload it takes 17 bytes", () => {
  const event = { start: 0, end: 5, closed: false };
  expect(encodeLiveEvent({ ...event, payload: bytesOf(1, 2, 3) }).byteLength).toBe(20);
  expect(encodeLiveEvent({ ...event, payload: undefined }).byteLength).toBe(17);
});
