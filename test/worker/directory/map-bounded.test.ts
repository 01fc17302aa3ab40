import { describe, expect, test } from "vitest";
import { mapBounded } from "../../../src/worker/edge/control/map-bounded.ts";

describe("map-bounded", () => {
  test("no more than so many are worked on at a time, and the results keep the order of the items", async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 4, 2, 3, 0], 2, async (number) => {
      most = Math.max(most, ++running);
      for (let i = 0; i < number; i++) await Promise.resolve();
      running--;
      return number * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30, 0]);
    expect(most).toBe(2);
  });

  test("of nothing comes nothing, and a failure is the failure of all", async () => {
    expect(await mapBounded([], 3, () => Promise.resolve(1))).toEqual([]);
    const failing = mapBounded([1, 2, 3], 2, (i) => (i === 2 ? Promise.reject(new Error("two")) : Promise.resolve(i)));
    await expect(failing).rejects.toThrow("two");
  });
});
