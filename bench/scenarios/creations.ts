// h: new streams.
import { expectStatus, withConnections } from "../load/http.ts";
import { create, JSON_TYPE, newStream } from "../load/streams.ts";
import { warmUp, writeFor } from "../load/writers.ts";
import type { Sample, Scenario, Target } from "../types.ts";

const CREATORS = 16;
const MAX_CREATIONS = 1_000;

async function createStreams(target: Target, durationMs: number): Promise<Sample> {
  return withConnections(target, CREATORS, async (clients) => {
    const [client] = clients;
    const path = newStream();
    if (client !== undefined) await create(target, client, path, JSON_TYPE);
    await warmUp(clients, path);
    const { count, elapsedMs } = await writeFor(clients, {
      durationMs,
      maxCalls: MAX_CREATIONS,
      statuses: target.name === "limit" ? [204] : [201],
      call: (number) => ({ method: "PUT", path: `${path}/${number}`, contentType: JSON_TYPE }),
    });
    // Asking for a stream that is not there is answered with 404; the limit makes it, so there it says nothing.
    const paths = Array.from({ length: count }, (_, number) => `${path}/${number}`);
    await Promise.all(
      clients.map(async (one, i) => {
        for (let at = i; at < paths.length; at += clients.length) {
          await expectStatus(one, { method: "GET", path: `${paths[at] ?? ""}?offset=-1` }, 200);
        }
      }),
    );
    return { rate: (count * 1000) / elapsedMs };
  });
}

export const CREATIONS: Scenario = {
  key: "h",
  title: "creations, 16 at once",
  metrics: [{ key: "rate", label: "streams/s", better: "higher", aims: [{ of: "limit", bound: 0.8 }] }],
  hasLimit: true,
  run: createStreams,
};
