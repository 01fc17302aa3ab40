import { expect, test } from "vitest";
import * as limits from "../../src/protocol/limits.ts";

const PLATFORM_VALUE_MAX_BYTES = 2_000_000;
const PLATFORM_BODY_MAX_BYTES = 100 * 1024 * 1024;
const PLATFORM_SOCKETS_MAX = 32_768;
const PLATFORM_MEMORY_BYTES = 128 * 1024 * 1024;

test("limits: every one is a positive whole number, but for a share of one", () => {
  const { DELIVERY_JITTER: share, ...others } = limits;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(1);
  for (const [name, value] of Object.entries(others)) {
    expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
  }
});

test("limits: a row stays below what a Durable Object stores in production, with room for its other columns", () => {
  expect(limits.ROW_MAX_BYTES).toBeLessThanOrEqual(PLATFORM_VALUE_MAX_BYTES - 64 * 1024);
});

test("limits: the platform takes what the server promises to take", () => {
  expect(limits.BODY_MAX_BYTES).toBeLessThanOrEqual(PLATFORM_BODY_MAX_BYTES);
  expect(limits.LIVE_READERS_MAX).toBeLessThanOrEqual(PLATFORM_SOCKETS_MAX);
});

test("limits: a body of the largest size fits into the queue, and a full queue into memory", () => {
  expect(limits.APPEND_QUEUE_MAX_BYTES).toBeGreaterThanOrEqual(limits.BODY_MAX_BYTES);
  expect(limits.APPEND_QUEUE_MAX_BYTES).toBeLessThan(PLATFORM_MEMORY_BYTES / 2);
});

test("limits: a live event fits into the backlog of a reader, and into what it would catch up by", () => {
  expect(limits.LIVE_BACKLOG_MAX_BYTES).toBeGreaterThanOrEqual(limits.LIVE_EVENT_MAX_BYTES);
  expect(limits.READ_CHUNK_MAX_BYTES).toBeGreaterThanOrEqual(limits.LIVE_EVENT_MAX_BYTES);
});

test("limits: an SSE connection lasts about a minute and shows life several times in it (section 5.8)", () => {
  expect(limits.SSE_CONNECTION_MS).toBe(60_000);
  expect(limits.SSE_HEARTBEAT_MS * 3).toBeLessThanOrEqual(limits.SSE_CONNECTION_MS);
});

test("limits: the longest window is a time that deadlines can be computed with", () => {
  expect(Number.isSafeInteger(Date.UTC(2100, 0) + limits.TTL_MAX_SECONDS * 1000)).toBe(true);
});

test("limits: the defaults of sealing are values that its variables may have", () => {
  expect(limits.SEGMENT_MAX_MESSAGES_DEFAULT).toBeLessThanOrEqual(limits.SEGMENT_MESSAGES_LIMIT);
  expect(limits.SEGMENT_MAX_BYTES_DEFAULT).toBeLessThanOrEqual(limits.SEGMENT_BYTES_LIMIT);
});

test("limits: a segment, its object and what it was made of fit into memory together", () => {
  expect(3 * Math.max(limits.SEGMENT_BYTES_LIMIT, limits.BODY_MAX_BYTES)).toBeLessThan(PLATFORM_MEMORY_BYTES / 2);
});

test("limits: a read that begins and ends inside of blocks fetches at most twice what it answers with", () => {
  expect(2 * limits.SEGMENT_BLOCK_BYTES).toBeLessThanOrEqual(limits.READ_CHUNK_MAX_BYTES);
});

test("limits: what is written down elsewhere stays as it is written there", () => {
  expect(limits.PATH_MAX_BYTES).toBe(1024);
  expect(limits.HEADER_VALUE_MAX_BYTES).toBe(1024);
  expect(limits.ROW_MAX_BYTES).toBe(1_900_000);
  expect(limits.SEGMENT_MAX_MESSAGES_DEFAULT).toBe(1000);
  expect(limits.SEGMENT_MAX_BYTES_DEFAULT).toBe(4_194_304);
  expect(limits.SEGMENT_BLOCK_BYTES).toBe(524_288);
});
