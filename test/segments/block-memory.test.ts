import { describe, expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { BlockMemory } from "../../src/worker/segments/block-memory.ts";

const MEBIBYTE = 1024 * 1024;
/** As many whole blocks as are kept. */
const KEPT = (16 * MEBIBYTE) / SEGMENT_BLOCK_BYTES;

function filled(blocks: number): BlockMemory {
  const memory = new BlockMemory();
  for (let block = 0; block < blocks; block++) memory.put("key", block, new Uint8Array(SEGMENT_BLOCK_BYTES));
  return memory;
}

const kept = (memory: BlockMemory, blocks: number): number[] =>
  Array.from({ length: blocks }, (_, i) => i).filter((block) => memory.get("key", block) !== undefined);

describe("block memory", () => {
  test("it keeps 16 MiB and forgets what was used longest ago", () => {
    expect(kept(filled(KEPT), KEPT)).toHaveLength(KEPT);
    expect(kept(filled(KEPT + 3), KEPT + 3)).toEqual(Array.from({ length: KEPT }, (_, i) => i + 3));
  });

  test("what is asked for counts as used", () => {
    const memory = filled(KEPT);
    memory.get("key", 0);
    memory.put("key", KEPT, new Uint8Array(SEGMENT_BLOCK_BYTES));
    expect(memory.get("key", 0)).toBeDefined();
    expect(memory.get("key", 1)).toBeUndefined();
  });

  test("a block that is put again takes its place once", () => {
    const memory = filled(KEPT);
    for (let i = 0; i < 100; i++) memory.put("key", 5, new Uint8Array(SEGMENT_BLOCK_BYTES));
    expect(kept(memory, KEPT)).toHaveLength(KEPT);
  });

  test("segments are told apart by their keys, blocks by their numbers", () => {
    const memory = new BlockMemory();
    memory.put("a", 1, Uint8Array.of(1));
    memory.put("b", 1, Uint8Array.of(2));
    memory.put("a", 11, Uint8Array.of(3));
    expect([memory.get("a", 1), memory.get("b", 1), memory.get("a", 11), memory.get("b", 11)]).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
      Uint8Array.of(3),
      undefined,
    ]);
    memory.clear();
    expect(memory.get("a", 1)).toBeUndefined();
  });
});
