import type { Client } from "undici";
import { expectStatus, withConnection } from "./load/http.ts";
import { median } from "./load/stats.ts";
import { buildBenchWorker } from "./rows.ts";
import { startServer } from "./servers/start.ts";
import { shown, shownRatio, table } from "./table.ts";

const SIZES = [1_000, 10_000, 100_000];
const PAGE = 1000;
/** How many names are registered by one request. */
const FILL = 5_000;
/** Streams that are there, whose list asks each of them. */
const STREAMS = 200;

interface ListingFigures {
  readonly sizes: readonly SizeFigures[];
  /** Streams a second of a list that asks each stream, all of them awake. */
  readonly askedPerSecond: number;
}

interface SizeFigures {
  readonly names: number;
  /** Names a second, over all pages. */
  readonly rate: number;
  /** Milliseconds for one of the first pages, and for one of the last. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Names a second that the search for a pattern looks at. */
  readonly searched: number;
}

interface Page {
  readonly streams: readonly { readonly path: string }[];
  readonly next_cursor: string | null;
}

async function fill(client: Client, project: string, names: number): Promise<void> {
  for (let from = 0; from < names; from += FILL) {
    const count = Math.min(FILL, names - from);
    await expectStatus(client, { method: "PUT", path: `/fill?project=${project}&from=${from}&count=${count}` }, 204);
  }
}

/** Reads the whole list; milliseconds of each page. */
async function walk(client: Client, project: string, query: string, expected: number): Promise<number[]> {
  const times: number[] = [];
  let cursor: string | null = null;
  let last = "";
  let count = 0;
  do {
    const at: string = cursor === null ? "" : `&cursor=${cursor}`;
    const path = `/v1/${project}/stream/__ds/streams?${query}${at}`;
    const startedAt = performance.now();
    const { body } = await expectStatus(client, { method: "GET", path }, 200);
    times.push(performance.now() - startedAt);
    const page = JSON.parse(body.toString()) as Page;
    for (const stream of page.streams) {
      if (stream.path <= last) throw new Error(`${stream.path} is listed after ${last}`);
      last = stream.path;
    }
    count += page.streams.length;
    cursor = page.next_cursor;
  } while (cursor !== null);
  if (count !== expected) throw new Error(`${count} of ${expected} streams are listed`);
  return times;
}

async function measureSize(client: Client, names: number): Promise<SizeFigures> {
  const project = `names-${names}`;
  await fill(client, project, names);
  const query = `fields=name&limit=${PAGE}`;
  await walk(client, project, query, names);
  const times = await walk(client, project, query, names);
  const part = Math.max(1, Math.floor(times.length / 5));
  const startedAt = performance.now();
  const path = `/search?project=${project}&pattern=${encodeURIComponent("**/stream-099")}`;
  const { body } = await expectStatus(client, { method: "GET", path }, 200);
  const searchMs = performance.now() - startedAt;
  const { found } = JSON.parse(body.toString()) as { found: number };
  if (found !== names / 100) throw new Error(`the pattern found ${found} streams`);
  return {
    names,
    rate: (names * 1000) / times.reduce((sum, ms) => sum + ms, 0),
    firstMs: median(times.slice(0, part)),
    lastMs: median(times.slice(-part)),
    searched: (names * 1000) / searchMs,
  };
}

async function measureAsked(client: Client): Promise<number> {
  for (let i = 0; i < STREAMS; i++) {
    await expectStatus(client, { method: "PUT", path: `/v1/asked/stream/${String(i).padStart(3, "0")}` }, 201);
  }
  await walk(client, "asked", "limit=100", STREAMS);
  const times = await walk(client, "asked", "limit=100", STREAMS);
  return (STREAMS * 1000) / times.reduce((sum, ms) => sum + ms, 0);
}

/** How fast lists are paged, and whether that depends on how long they are. */
export async function measureListing(data: string): Promise<ListingFigures> {
  const server = await startServer("listing", await buildBenchWorker("listing", data), data);
  try {
    return await withConnection(server, async (client) => {
      const sizes: SizeFigures[] = [];
      for (const names of SIZES) sizes.push(await measureSize(client, names));
      return { sizes, askedPerSecond: await measureAsked(client) };
    });
  } finally {
    await server.stop();
  }
}

export function printListing({ sizes, askedPerSecond }: ListingFigures): void {
  const rows = sizes.map(({ names, rate, firstMs, lastMs, searched }) => [
    `${names.toLocaleString("en-US")} names in pages of ${PAGE}`,
    shown(rate),
    shown(firstMs),
    shown(lastMs),
    shownRatio(lastMs / firstMs),
    shown(searched),
  ]);
  const header = ["", "names/s", "first pages, ms", "last pages, ms", "", "searched/s"];
  process.stdout.write(`\nlisting.\n${table(header, rows)}\n`);
  process.stdout.write(`a list that asks each stream: ${shown(askedPerSecond)} streams/s\n`);
}
