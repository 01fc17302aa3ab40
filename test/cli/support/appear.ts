import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

const LOOK_AGAIN_MS = 25;

/** The lines of a file as soon as there are so many; a file that is not there yet is waited for. */
export async function linesOf(file: string, atLeast = 1, withinMs = 90_000): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(withinMs);
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => "");
    const lines = text.split("\n").slice(0, -1);
    if (lines.length >= atLeast) return lines;
    if (signal.aborted) throw new Error(`${file} has not ${String(atLeast)} lines, but: ${text}`);
    await wait(LOOK_AGAIN_MS);
  }
}
