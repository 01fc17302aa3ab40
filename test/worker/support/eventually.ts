import { expect } from "vitest";

/** As long as a machine that is busy with something else may take; a test that passes waits for none of it. */
const PATIENCE_MS = 30_000;

/** Asks again and again until it is as expected: of what happens by itself after an answer. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll<T>(read, { timeout: PATIENCE_MS });
}
