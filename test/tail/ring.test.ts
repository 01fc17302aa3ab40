import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrivalOf, MESSAGE_KEPT_MAX_BYTES, isCut, type Message } from "../../src/tail/model/message.ts";
import { costOf, EMPTY_RING, pushed, without } from "../../src/tail/model/ring.ts";

function message(number: number, size: number, stream = 0): Message {
  return { ...arrivalOf("binary", new Uint8Array(size), undefined), number, stream, atMs: 0 };
}

const LIMITS = { maxMessages: 10, maxBytes: 2_000 };

describe("the ring of messages", () => {
  it("holds the newest, in order, within both limits, whatever comes in whatever pieces", () => {
    const pieces = fc.array(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 25 }), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, (sizes) => {
        let ring = EMPTY_RING;
        const all: Message[] = [];
        for (const piece of sizes) {
          const added = piece.map((size, i) => message(all.length + i, size));
          all.push(...added);
          ring = pushed(ring, added, LIMITS);
          const kept = ring.messages.length;
          expect(ring.messages).toEqual(all.slice(all.length - kept));
          expect(ring.bytes).toBe(ring.messages.reduce((sum, each) => sum + costOf(each), 0));
          expect(kept).toBeLessThanOrEqual(LIMITS.maxMessages);
          expect(ring.bytes <= LIMITS.maxBytes || kept === 1).toBe(true);
          // It lets go no more than it must.
          const next = all[all.length - kept - 1];
          const hasRoom =
            next !== undefined && kept < LIMITS.maxMessages && ring.bytes + costOf(next) <= LIMITS.maxBytes;
          const wasKept = next === undefined || !hasRoom;
          expect(wasKept || piece.length < all.length).toBe(true);
        }
      }),
    );
  });

  it("keeps the newest message however large it is, and nothing beside it then", () => {
    const ring = pushed(EMPTY_RING, [message(0, 10), message(1, 5_000)], LIMITS);
    expect(ring.messages.map(({ number }) => number)).toEqual([1]);
  });

  it("forgets one stream and keeps the others", () => {
    const ring = pushed(EMPTY_RING, [message(0, 1, 0), message(1, 1, 1), message(2, 1, 0)], LIMITS);
    const left = without(ring, 0);
    expect(left.messages.map(({ number }) => number)).toEqual([1]);
    expect(left.bytes).toBe(costOf(message(1, 1, 1)));
  });

  it("of a very long message the beginning is kept, as a copy, with its whole size", () => {
    const record = new Uint8Array(MESSAGE_KEPT_MAX_BYTES + 1);
    const arrival = arrivalOf("binary", record, undefined);
    expect(arrival.size).toBe(record.byteLength);
    expect(arrival.bytes.byteLength).toBe(MESSAGE_KEPT_MAX_BYTES);
    expect(arrival.bytes.buffer.byteLength).toBe(MESSAGE_KEPT_MAX_BYTES);
    expect(isCut(arrival)).toBe(true);
    expect(isCut(arrivalOf("binary", new Uint8Array(MESSAGE_KEPT_MAX_BYTES), undefined))).toBe(false);
  });
});
