import { expect, it } from "vitest";
import { spanWords } from "../../src/cli/duration.ts";

it.each([
  [0, "0 seconds"],
  [1.4, "1 second"],
  [89, "89 seconds"],
  [119.9, "2 minutes"],
  [3_559, "59 minutes"],
  [3_599, "60 minutes"],
  [86_399, "24 hours"],
  [129_600, "36 hours"],
  [604_799, "7 days"],
])("%d s are %s, rounded to the nearest", (seconds, words) => {
  expect(spanWords(seconds)).toBe(words);
});
