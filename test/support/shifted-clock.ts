// A machine whose clock is wrong, as one process sees it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PATCH = `
const shiftMs = Number(process.env.TEST_CLOCK_SHIFT_MS);
const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shiftMs);
    else super(...given);
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
};
`;

/** Variables for a Node whose clock is so far ahead, or behind where that is negative. */
export async function shiftedClock(shiftMs: number): Promise<{ env: Record<string, string>; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-clock-"));
  const file = join(folder, "clock.mjs");
  await writeFile(file, PATCH);
  return {
    env: { NODE_OPTIONS: `--import ${pathToFileURL(file).href}`, TEST_CLOCK_SHIFT_MS: String(shiftMs) },
    remove: () => rm(folder, { recursive: true }),
  };
}
