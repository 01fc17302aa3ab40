// a, b, c and d: appends of JSON messages.
import { batchOf, checkMessages, MESSAGE_BYTES, oneMessage } from "../load/messages.ts";
import { withConnections } from "../load/http.ts";
import { quantile } from "../load/stats.ts";
import { create, JSON_TYPE, newStream, verify } from "../load/streams.ts";
import { warmUp, writeFor, type Written } from "../load/writers.ts";
import type { Sample, Scenario, Target } from "../types.ts";

const MAX_APPENDS = 20_000;
const MAX_BATCHES = 3_000;
const BATCH = 100;

const APPENDED = [200, 204];
/**
 * With more streams than it keeps files open, the reference may store a message and then find its file closed, which it
 * answers with 404. It has done the work, and like all others the message must be there, once.
 */
const REF_LOST_ITS_HANDLE = 404;

interface Shape {
  readonly writers: number;
  readonly streams: number;
  /** Messages in one append; 1 is sent without an array around it. */
  readonly batch: number;
}

async function append(target: Target, durationMs: number, { writers, streams, batch }: Shape): Promise<Written> {
  const paths = Array.from({ length: streams }, newStream);
  return withConnections(target, writers, async (clients) => {
    await Promise.all(
      clients.map(async (client, writer) => {
        for (let i = writer; i < paths.length; i += writers) await create(target, client, paths[i] ?? "", JSON_TYPE);
      }),
    );
    await warmUp(clients, paths[0] ?? "");
    const written = await writeFor(clients, {
      durationMs,
      maxCalls: batch === 1 ? MAX_APPENDS : MAX_BATCHES,
      statuses: target.name === "ref" ? [...APPENDED, REF_LOST_ITS_HANDLE] : APPENDED,
      call: (number) => {
        const nth = Math.floor(number / streams);
        const body = batch === 1 ? oneMessage(nth) : batchOf(nth * batch, batch);
        return { method: "POST", path: paths[number % streams] ?? "", contentType: JSON_TYPE, body };
      },
    });
    for (const [i, path] of paths.entries()) {
      await verifyAppends(target, path, Math.ceil((written.count - i) / streams), batch);
    }
    return written;
  });
}

async function verifyAppends(target: Target, path: string, appends: number, batch: number): Promise<void> {
  const messages = appends * batch;
  const bytes = batch === 1 ? appends * MESSAGE_BYTES : appends * (batch * (MESSAGE_BYTES + 1) + 1);
  await verify(target, path, {
    appends,
    bytes,
    check: (bodies) => {
      checkMessages(
        bodies.map((body) => body.toString("latin1")),
        messages,
      );
    },
  });
}

function perSecond({ count, elapsedMs }: Written, each: number): number {
  return (count * each * 1000) / elapsedMs;
}

const oneAtATime: Scenario = {
  key: "a",
  title: "append one at a time, 100 B JSON",
  // The second Worker implementation of FIGURES.md took 0.63 of the reference's time.
  metrics: [
    { key: "p50", label: "p50 ms", better: "lower", aims: [{ of: "ref", bound: 0.63 }] },
    { key: "p99", label: "p99 ms", better: "lower", aims: [] },
  ],
  hasLimit: true,
  run: async (target, loadMs): Promise<Sample> => {
    const { latenciesMs } = await append(target, loadMs, { writers: 1, streams: 1, batch: 1 });
    return { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99) };
  },
};

const oneStream: Scenario = {
  key: "b",
  title: "32 writers, one stream",
  metrics: [{ key: "rate", label: "appends/s", better: "higher", aims: [{ of: "limit", bound: 1.5 }] }],
  hasLimit: true,
  run: async (target, loadMs): Promise<Sample> => ({
    rate: perSecond(await append(target, loadMs, { writers: 32, streams: 1, batch: 1 }), 1),
  }),
};

const manyStreams: Scenario = {
  key: "c",
  title: "32 writers, 50 streams",
  metrics: [
    {
      key: "rate",
      label: "appends/s",
      better: "higher",
      aims: [
        { of: "limit", bound: 1 },
        { of: "ref", bound: 1, strict: true },
      ],
    },
  ],
  hasLimit: true,
  run: async (target, loadMs): Promise<Sample> => ({
    rate: perSecond(await append(target, loadMs, { writers: 32, streams: 50, batch: 1 }), 1),
  }),
};

const batches: Scenario = {
  key: "d",
  title: "batches of 100, 8 writers",
  metrics: [{ key: "rate", label: "messages/s", better: "higher", aims: [{ of: "limit", bound: 0.9 }] }],
  hasLimit: true,
  run: async (target, loadMs): Promise<Sample> => ({
    rate: perSecond(await append(target, loadMs, { writers: 8, streams: 1, batch: BATCH }), BATCH),
  }),
};

export const APPENDS: readonly Scenario[] = [oneAtATime, oneStream, manyStreams, batches];
