import fc from "fast-check";
import { expect, it } from "vitest";
import { chose, type Choice } from "../../src/screen/choice.ts";

const indexes = fc.array(fc.integer({ min: -3, max: 60 }), { minLength: 1, maxLength: 20 });

it("choice: the chosen one is on the screen, whatever is chosen in turn and however long the list is", () => {
  fc.assert(
    fc.property(indexes, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }), (wanted, count, room) => {
      let choice: Choice = { index: 0, top: 0 };
      for (const index of wanted) {
        choice = chose(choice, index, count, room);
        expect(choice.index).toBe(Math.max(0, Math.min(index, count - 1)));
        expect(choice.top).toBeGreaterThanOrEqual(0);
        expect(choice.top).toBeLessThanOrEqual(choice.index);
        expect(choice.index - choice.top).toBeLessThan(room);
        // Half empty without need it never is.
        expect(choice.top).toBeLessThanOrEqual(Math.max(0, count - room));
      }
    }),
  );
});

it("choice: the screen moves no further than it takes", () => {
  const down = chose({ index: 9, top: 0 }, 10, 100, 10);
  expect(down).toEqual({ index: 10, top: 1 });
  expect(chose(down, 5, 100, 10)).toEqual({ index: 5, top: 1 });
  expect(chose(down, 0, 100, 10)).toEqual({ index: 0, top: 0 });
});
