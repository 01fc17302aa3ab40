import { describe, expect, test } from "vitest";
import { SUBSCRIPTION_REQUEST_MAX_STREAMS } from "../../../src/protocol/limits.ts";
import {
  parseAckFields,
  parseNewStreams,
  parseWakeFields,
  parseWorker,
} from "../../../src/protocol/subscription/requests.ts";

const WAKE = { wake_id: "w_1", generation: 7 };
const OFFSET = "0000000000000000_0000000000000042";

describe("subscription requests: acks (sections 7.1 and 7.2)", () => {
  test("an ack has its wake, its offsets as positions, and says whether it ends the wake", () => {
    expect(parseAckFields({ ...WAKE, acks: [{ stream: "/events/abc", offset: OFFSET }], done: true })).toEqual({
      ok: true,
      value: { wakeId: "w_1", generation: 7, acks: [{ path: "events/abc", offset: 42 }], done: true },
    });
  });

  test("without acks and without done it is a heartbeat", () => {
    const heartbeat = { ok: true, value: { wakeId: "w_1", generation: 7, acks: [], done: false } };
    expect(parseAckFields(WAKE)).toEqual(heartbeat);
    expect(parseAckFields({ ...WAKE, acks: null, done: null })).toEqual(heartbeat);
  });

  test("of several acks of one stream the furthest counts, wherever it stands", () => {
    const acks = [1, 3, 2].map((n) => ({ stream: "a", offset: `0000000000000000_000000000000000${String(n)}` }));
    expect(parseAckFields({ ...WAKE, acks })).toMatchObject({ value: { acks: [{ path: "a", offset: 3 }] } });
  });

  test.each<[string, object, string]>([
    ["no wake id", { generation: 7 }, "INVALID_SUBSCRIPTION"],
    ["an empty wake id", { ...WAKE, wake_id: "" }, "INVALID_SUBSCRIPTION"],
    ["a wake id that is no text", { ...WAKE, wake_id: 1 }, "INVALID_SUBSCRIPTION"],
    ["no generation", { wake_id: "w_1" }, "INVALID_SUBSCRIPTION"],
    ["a generation that is a text", { ...WAKE, generation: "7" }, "INVALID_SUBSCRIPTION"],
    ["a generation that is not whole", { ...WAKE, generation: 7.5 }, "INVALID_SUBSCRIPTION"],
    ["acks that are no list", { ...WAKE, acks: {} }, "INVALID_SUBSCRIPTION"],
    ["an ack that is no object", { ...WAKE, acks: [OFFSET] }, "INVALID_SUBSCRIPTION"],
    ["an ack of no stream", { ...WAKE, acks: [{ offset: OFFSET }] }, "INVALID_SUBSCRIPTION"],
    ["an ack of what is reserved", { ...WAKE, acks: [{ stream: "__ds/x", offset: OFFSET }] }, "INVALID_SUBSCRIPTION"],
    ["an ack of no offset", { ...WAKE, acks: [{ stream: "a" }] }, "INVALID_OFFSET"],
    ["an offset that nobody gave", { ...WAKE, acks: [{ stream: "a", offset: "42" }] }, "INVALID_OFFSET"],
    ["a sentinel", { ...WAKE, acks: [{ stream: "a", offset: "now" }] }, "INVALID_OFFSET"],
    ["a done that is a text", { ...WAKE, done: "true" }, "INVALID_SUBSCRIPTION"],
    [
      "too many acks",
      { ...WAKE, acks: Array.from({ length: SUBSCRIPTION_REQUEST_MAX_STREAMS + 1 }, () => ({})) },
      "INVALID_SUBSCRIPTION",
    ],
  ])("refused is %s", (_what, fields, code) => {
    expect(parseAckFields({ ...fields })).toMatchObject({ ok: false, error: { code } });
  });
});

describe("subscription requests: releases, claims and membership", () => {
  test("a release names its wake and nothing else", () => {
    expect(parseWakeFields({ ...WAKE, acks: "passed over" })).toEqual({
      ok: true,
      value: { wakeId: "w_1", generation: 7 },
    });
  });

  test("a claim names the worker, on one line", () => {
    expect(parseWorker({ worker: "worker-1" })).toEqual({ ok: true, value: "worker-1" });
    for (const worker of [undefined, null, "", 1, "a\nb", "x".repeat(3000)]) {
      expect(parseWorker({ worker })).toMatchObject({ ok: false, error: { code: "INVALID_SUBSCRIPTION" } });
    }
  });

  test("streams are added by their paths, at least one", () => {
    expect(parseNewStreams({ streams: ["b", "/a/", "a"] })).toEqual({ ok: true, value: ["a", "b"] });
    for (const streams of [undefined, null, [], "a", [null]]) {
      expect(parseNewStreams({ streams })).toMatchObject({ ok: false, error: { code: "INVALID_SUBSCRIPTION" } });
    }
  });
});
