import { describe, expect, test } from "vitest";
import { SEGMENT_BLOCK_BYTES } from "../../src/protocol/limits.ts";
import { BlockMemory } from "../../src/worker/segments/block-memory.ts";

const MEBIBYTE = 1024 * 1024;
/** As many whole blocks as are kept: what each takes besides its bytes is one less than would fit. */
const KEPT = (16 * MEBIBYTE) / SEGMENT_BLOCK_BYTES - 1;

function filled(blocks: number): BlockMemory {
  const memory = new BlockMemory();
  for (let block = 0; block < blocks; block++) memory.put(`key ${block} 00`, new Uint8Array(SEGMENT_BLOCK_BYTES));
  return memory;
}

const kept = (memory: BlockMemory, blocks: number): number[] =>
  Array.from({ length: blocks }, (_, i) => i).filter((block) => memory.get(`key ${block} 00`) !== undefined);

describe("block memory", () => {
  test("it keeps 16 MiB and forgets what was used longest ago", () => {
    expect(kept(filled(KEPT), KEPT)).toHaveLength(KEPT);
    expect(kept(filled(KEPT + 3), KEPT + 3)).toEqual(Array.from({ length: KEPT }, (_, i) => i + 3));
  });

  test("what is asked for counts as used", () => {
    const memory = filled(KEPT);
    memory.get("key 0 00");
    memory.put(`key ${KEPT} 00`, new Uint8Array(SEGMENT_BLOCK_BYTES));
    expect(memory.get("key 0 00")).toBeDefined();
    expect(memory.get("key 1 00")).toBeUndefined();
  });

  test("a block that is put again takes its place once", () => {
    const memory = filled(KEPT);
    for (let i = 0; i < 100; i++) memory.put("key 5 00", new Uint8Array(SEGMENT_BLOCK_BYTES));
    expect(kept(memory, KEPT)).toHaveLength(KEPT);
  });

  test("what a block takes besides its bytes counts: tiny ones do not fill the isolate", () => {
    const memory = new BlockMemory();
    for (let block = 0; block < 20_000; block++) memory.put(`key ${block} 00`, new Uint8Array(20));
    expect(kept(memory, 20_000).length).toBeLessThan(8300);
  });

  test("blocks are told apart by segment, number and checksum", () => {
    const memory = new BlockMemory();
    memory.put("a 1 00", Uint8Array.of(1));
    memory.put("b 1 00", Uint8Array.of(2));
    memory.put("a 11 00", Uint8Array.of(3));
    memory.put("a 1 ff", Uint8Array.of(4));
    const names = ["a 1 00", "b 1 00", "a 11 00", "a 1 ff", "b 11 00"] as const;
    expect(names.map((name) => memory.get(name)?.[0])).toEqual([1, 2, 3, 4, undefined]);
    memory.clear();
    expect(memory.get("a 1 00")).toBeUndefined();
  });
});
