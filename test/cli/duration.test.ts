import { expect, it } from "vitest";
import { parseDurationMs, spanWords } from "../../src/cli/duration.ts";

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

it.each([
  ["0", 0],
  ["250", 250],
  ["250ms", 250],
  ["1s", 1_000],
  ["2m", 120_000],
  ["1h", 3_600_000],
])("%s between two pings is %d ms", (text, ms) => {
  expect(parseDurationMs(text, "--interval", 3_600_000)).toBe(ms);
});

it.each([
  ["long", "is not a duration."],
  ["-1s", "is not a duration."],
  ["2h", "is more than 60 minutes."],
])("%s between two pings is refused with what is wrong", (text, problem) => {
  expect(() => parseDurationMs(text, "--interval", 3_600_000)).toThrow(`--interval "${text}" ${problem}`);
});
