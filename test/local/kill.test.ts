import { expect, test } from "vitest";
import { readyDev } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";
import { seededRandom } from "./support/random.ts";
import { readAll, Writer } from "./support/writers.ts";

const WRITERS = 8;
const STREAMS = ["a", "b"];
const KILLS = 3;

function streamOf(url: string, writer: number): string {
  return `${url}/v1/stream/${STREAMS[writer % STREAMS.length] ?? ""}`;
}

async function create(url: string): Promise<void> {
  for (const name of STREAMS) {
    await fetch(`${url}/v1/stream/${name}`, { method: "PUT", headers: { "content-type": "application/json" } });
  }
}

/** Lets all writers append and kills the program and its runtime, as a crash does, at the given acknowledgement. */
async function writeUntilKilled(dir: string, writers: readonly Writer[], killAt: number): Promise<void> {
  const server = await readyDev(dir);
  await create(server.url);
  const killed = new AbortController();
  let acknowledged = 0;
  const count = (): void => {
    acknowledged += 1;
    if (acknowledged !== killAt) return;
    killed.abort();
    process.kill(server.runtimePid, "SIGKILL");
    process.kill(server.pid, "SIGKILL");
  };
  await Promise.all(writers.map((writer, id) => writer.write(streamOf(server.url, id), count, killed.signal)));
  expect(await server.ended).toBe("SIGKILL");
}

/** The batches of each writer that the stream holds, whole, once, and in the order in which they were sent. */
function expectNothingLost(writers: readonly Writer[], stored: ReadonlyMap<number, readonly number[]>): void {
  writers.forEach((writer, id) => {
    const numbers = stored.get(id) ?? [];
    const present = new Set(numbers);
    const kept = writer.sent.filter(({ messages, acknowledged }) => acknowledged || present.has(messages[0]?.n ?? -1));
    expect(numbers, `writer ${id}`).toEqual(kept.flatMap(({ messages }) => messages.map(({ n }) => n)));
  });
}

test.each([1, 2, 3, 4, 5])(
  "a kill while many append loses nothing that was acknowledged, repeats nothing, reorders nothing (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const dir = await temporaryFolder();
    const writers = Array.from({ length: WRITERS }, (_, id) => new Writer(id, random));
    for (let kill = 0; kill < KILLS; kill += 1) {
      await writeUntilKilled(dir, writers, 1 + Math.floor(random() * 200));
      const server = await readyDev(dir);
      const stored = new Map<number, number[]>();
      for (const name of STREAMS) {
        for (const { writer, n } of await readAll(`${server.url}/v1/stream/${name}`)) {
          stored.set(writer, [...(stored.get(writer) ?? []), n]);
        }
      }
      expectNothingLost(writers, stored);
      server.child.kill("SIGTERM");
      expect(await server.ended).toBe(0);
    }
    expect(writers.flatMap(({ sent }) => sent).filter(({ acknowledged }) => acknowledged).length).toBeGreaterThan(
      KILLS,
    );
  },
);
