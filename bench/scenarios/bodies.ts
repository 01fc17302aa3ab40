// j: large bodies.
import { block, BLOCK_BYTES, checkBlocks } from "../load/messages.ts";
import { withConnections } from "../load/http.ts";
import { BYTES_TYPE, create, newStream, verify } from "../load/streams.ts";
import { warmUp, writeFor } from "../load/writers.ts";
import type { Sample, Scenario, Target } from "../types.ts";

const MAX_BLOCKS = 1_500;
const MEGABYTE = 1e6;

async function writeBlocks(target: Target, durationMs: number, writers: number): Promise<number> {
  return withConnections(target, writers, async (clients) => {
    const [client] = clients;
    const path = newStream();
    if (client !== undefined) await create(target, client, path, BYTES_TYPE);
    await warmUp(clients, path);
    const { count, elapsedMs } = await writeFor(clients, {
      durationMs,
      maxCalls: MAX_BLOCKS,
      statuses: [200, 204],
      call: (number) => ({ method: "POST", path, contentType: BYTES_TYPE, body: block(number) }),
    });
    await verify(target, path, {
      appends: count,
      bytes: count * BLOCK_BYTES,
      check: (bodies) => {
        checkBlocks(Buffer.concat(bodies), count);
      },
    });
    return (count * BLOCK_BYTES * 1000) / elapsedMs / MEGABYTE;
  });
}

export const BODIES: Scenario = {
  key: "j",
  title: "64 KiB bodies",
  metrics: [
    { key: "one", label: "MB/s, 1 writer", better: "higher", aims: [{ of: "limit", bound: 0.9 }] },
    { key: "four", label: "MB/s, 4 writers", better: "higher", aims: [{ of: "limit", bound: 0.9 }] },
  ],
  hasLimit: true,
  run: async (target, loadMs): Promise<Sample> => ({
    one: await writeBlocks(target, loadMs / 2, 1),
    four: await writeBlocks(target, loadMs / 2, 4),
  }),
};
