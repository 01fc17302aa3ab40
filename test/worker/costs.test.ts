import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import costsDocument from "../../docs/costs.md?raw";
import { DirectoryDO } from "../../src/worker/directory/directory-do.ts";
import { PROJECT_FRESH_MS } from "../../src/protocol/limits.ts";
import { bearer, GuardedServer } from "./auth/support/guarded-server.ts";
import { projectToken } from "./auth/support/tokens.ts";
import { directoryOf, freshProject, registerAll, registration, subscribe } from "./directory/support/directories.ts";
import { jsonAppend } from "./support/append-request.ts";
import { Meter } from "./support/meter.ts";
import { CONCURRENT_APPENDS, countOperations, meetsAim, type OperationCost } from "./support/operation-costs.ts";
import { NOTHING_STORED, storedState } from "./support/object-state.ts";
import { createStream, freshName, producer, sendTo, StreamClient } from "./support/stream-client.ts";

const meter = new Meter();
const send = sendTo(
  {},
  { STREAMS: meter.countedNamespace(env.STREAMS), REGISTRY: meter.countedRegistry(env.REGISTRY) },
);
let counted = new Map<string, OperationCost>();

beforeAll(async () => {
  await runInDurableObject(env.STREAMS.getByName("default/any"), (_instance, { storage }) => {
    meter.watchStorage(storage);
  });
  meter.watchObjects(DirectoryDO);
  const costs = await countOperations({
    request: (name, { query = "", ...options }) => send(`/v1/stream/${name}${query}`, options),
    take: () => meter.take(),
  });
  counted = new Map(costs.map((cost) => [cost.operation, cost]));
});

function costOf(operation: string): OperationCost["cost"] {
  const found = counted.get(operation);
  if (found === undefined) throw new Error(`${operation} was not counted`);
  return found.cost;
}

describe("costs: what an operation is billed for", () => {
  test("every operation stays within the aims of FIGURES.md", () => {
    const missed = [...counted.values()].filter((cost) => !meetsAim(cost)).map(({ operation }) => operation);
    expect(missed).toEqual([]);
    expect(counted.size).toBe(13);
  });

  test("a create writes 2 rows for the table, 1 for the stream and 1 for the list, and an alarm is 1 more", () => {
    expect(costOf("create").rowsWritten).toBe(4);
    expect(costOf("create with a TTL (sets an alarm)").rowsWritten).toBe(5);
  });

  test("a create is 2 requests to objects: the stream's, and one that it makes to the directory", () => {
    expect(costOf("create").objectRequests).toBe(2);
  });

  test("an append writes 1 row, whether it holds 1 message or 100", () => {
    expect(costOf("append of 1 message").rowsWritten).toBe(1);
    expect(costOf("append of 100 in a batch").rowsWritten).toBe(1);
  });

  test("an append by an idempotent producer writes 2 rows", () => {
    expect(costOf("append by an idempotent producer").rowsWritten).toBe(2);
  });

  test("appends that arrive together write fewer rows than there are appends", () => {
    expect(costOf(`${String(CONCURRENT_APPENDS)} appends at the same time`).rowsWritten).toBeLessThan(
      CONCURRENT_APPENDS,
    );
  });

  test("reading writes nothing, and at the tail it reads no row either", () => {
    for (const operation of ["GET at the tail", "HEAD", "GET of a stream that does not exist"]) {
      expect(costOf(operation), operation).toMatchObject({ rowsWritten: 0, rowsRead: 0 });
    }
    expect(costOf("catch-up GET of 10 appends")).toMatchObject({ rowsWritten: 0, rowsRead: 11 });
  });

  test("a long-poll with the append that ends it is 2 requests to the object, and an SSE attach is 1", () => {
    expect(costOf("long-poll and one append").objectRequests).toBe(2);
    expect(costOf("SSE attach with 10 appends to catch up on").objectRequests).toBe(1);
  });

  test("without projects no operation reads the registry", () => {
    expect([...counted.values()].map(({ cost }) => cost.kvReads)).toEqual(Array.from(counted, () => 0));
  });
});

/** The rows of the first table of docs/costs.md: an operation, and what it writes, reads and asks. */
function documentedCosts(): Map<string, readonly number[]> {
  const [table = ""] = /^\| operation .*?^$/ms.exec(costsDocument) ?? [];
  const rows = table.split("\n").slice(2, -1);
  return new Map(
    rows.map((row) => {
      const [operation = "", ...numbers] = row.split("|").slice(1, -1);
      return [operation.trim(), numbers.map(Number)];
    }),
  );
}

describe("costs: what the documents say", () => {
  test("docs/costs.md has every operation, with what was counted", () => {
    const documented = documentedCosts();
    const together = `${String(CONCURRENT_APPENDS)} appends at the same time`;
    expect([...documented.keys()]).toEqual([...counted.keys()]);
    for (const [operation, { cost }] of counted) {
      // How many share a commit depends on how they arrive.
      if (operation === together) continue;
      expect([operation, cost.rowsWritten, cost.rowsRead, cost.objectRequests]).toEqual([
        operation,
        ...(documented.get(operation) ?? []),
      ]);
    }
  });
});

describe("costs: a Worker guarded by tokens", () => {
  test("costs the same: no operation reads the registry, and the project is asked for once in its time", async () => {
    const projects = new Meter();
    const server = new GuardedServer({
      STREAMS: meter.countedNamespace(env.STREAMS),
      PROJECTS: projects.countedNamespace(env.PROJECTS),
      REGISTRY: meter.countedRegistry(env.REGISTRY),
    });
    const { name: project, secret } = await server.createProject();
    const token = bearer(await projectToken(project, secret));
    projects.take();
    meter.take();
    const startedAt = Date.now();
    const costs = await countOperations({
      request: (name, { query = "", headers = {}, ...options }) =>
        server.send(`/v1/${project}/stream/${name}${query}`, { ...options, headers: { ...headers, ...token } }),
      take: () => meter.take(),
    });
    const times = 1 + Math.floor((Date.now() - startedAt) / PROJECT_FRESH_MS);
    expect(costs.filter((cost) => !meetsAim(cost)).map(({ operation }) => operation)).toEqual([]);
    expect(costs).toHaveLength(counted.size);
    const asked = projects.take().objectRequests;
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(times);
  });
});

describe("costs: group commit", () => {
  test("what waits while a commit is under way is stored as one row, and each producer's state as one more", async () => {
    const stream = await createStream();
    await stream.append("0", producer("warm", 0, 0));
    meter.take();
    await runInDurableObject(stream.object, async (instance) => {
      // The first finds the object idle and is committed at once, alone; the others wait for that.
      await Promise.all(Array.from({ length: 32 }, (_, i) => instance.append(jsonAppend(String(i)))));
    });
    expect(meter.take().rowsWritten).toBe(2);
    await runInDurableObject(stream.object, async (instance) => {
      const tuples = Array.from({ length: 8 }, (_, i) => ({
        id: `p${String(i % 4)}`,
        epoch: 0,
        seq: Math.floor(i / 4),
      }));
      await Promise.all(tuples.map((tuple) => instance.append(jsonAppend("1", tuple))));
    });
    expect(meter.take().rowsWritten).toBeLessThanOrEqual(2 + 5);
    expect(await stream.readMessages()).toHaveLength(1 + 32 + 8);
  });

  test("a duplicate and a refused append write nothing", async () => {
    const stream = await createStream();
    await stream.append("1", producer("p", 0, 0));
    meter.take();
    expect((await stream.post("1", producer("p", 0, 0))).status).toBe(204);
    expect((await stream.post("1", producer("p", 0, 5))).status).toBe(409);
    expect((await stream.post("{")).status).toBe(400);
    expect((await stream.post("x", { "Content-Type": "text/plain" })).status).toBe(409);
    expect(meter.take().rowsWritten).toBe(0);
  });
});

describe("costs: the directory", () => {
  test("a registration writes 1 row, also in the place of another, and its end 1", async () => {
    const directory = directoryOf(freshProject());
    await directory.register(registration("before"));
    for (const stream of [registration("a"), registration("a")]) {
      meter.take();
      await directory.register(stream);
      expect(meter.take()).toMatchObject({ rowsWritten: 1, objectRequests: 1 });
    }
    await directory.unregister("a", "of another stream");
    expect(meter.take().rowsWritten).toBe(0);
    const stream = registration("b");
    await directory.register(stream);
    meter.take();
    await directory.unregister("b", stream.incarnation);
    expect(meter.take()).toMatchObject({ rowsWritten: 1, objectRequests: 1 });
  });

  test("with subscriptions a registration writes no more, and reads no more than the paths that they name", async () => {
    const directory = directoryOf(freshProject());
    for (let i = 0; i < 20; i++) {
      const ref = await subscribe(directory, `s${String(i)}`, { pattern: `rooms/${String(i % 2)}/*` });
      await directory.putExplicit(ref, [`named/${String(i)}`]);
    }
    await directory.register(registration("rooms/1/first"));
    meter.take();
    const { links } = await directory.register(registration("rooms/1/x"));
    expect(links).toHaveLength(10);
    expect(meter.take()).toMatchObject({ rowsWritten: 1, rowsRead: 0 });
    expect((await directory.register(registration("named/3"))).links).toHaveLength(1);
    expect(meter.take().rowsRead).toBeLessThanOrEqual(2);
  });

  test("a page of a list reads its own rows and those around it, wherever it lies", async () => {
    const directory = directoryOf(freshProject());
    await registerAll(
      directory,
      Array.from({ length: 200 }, (_, i) => `s/${String(i).padStart(3, "0")}`),
    );
    for (const [prefix, after] of [
      ["", ""],
      ["", "s/150"],
      ["s/1", ""],
      ["s/1", "s/120"],
      ["a", "s/120"],
    ] as const) {
      meter.take();
      await directory.streams(prefix, after, 10);
      const { rowsWritten, rowsRead } = meter.take();
      expect(rowsWritten).toBe(0);
      expect(rowsRead, `${prefix} ${after}`).toBeLessThanOrEqual(10 + 2);
    }
  });

  test("subscriptions and their paths are a row each", async () => {
    const directory = directoryOf(freshProject());
    const first = await subscribe(directory, "first");
    await directory.putExplicit(first, ["x"]);
    meter.take();
    const ref = await subscribe(directory, "second", { pattern: "*" });
    expect(meter.take().rowsWritten).toBe(1);
    await directory.putExplicit(ref, ["a", "b", "c"]);
    expect(meter.take().rowsWritten).toBe(4);
    await directory.putExplicit(ref, ["a", "b", "c"]);
    expect(meter.take().rowsWritten).toBe(0);
    await directory.removeSubscription(ref);
    expect(meter.take().rowsWritten).toBe(4);
  });
});

describe("costs: a stream that is not there", () => {
  test("no request on it writes anything", async () => {
    const stream = new StreamClient(freshName(), "application/json", send);
    meter.take();
    const answers = [
      await stream.get(),
      await stream.get("?offset=-1&live=long-poll"),
      await stream.get("?offset=-1&live=sse"),
      await stream.head(),
      await stream.post("1"),
      await stream.delete(),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    expect(meter.take().rowsWritten).toBe(0);
    expect(await storedState(stream)).toEqual(NOTHING_STORED);
  });

  test("a create that is refused for its body or its headers does not reach the object", async () => {
    const stream = new StreamClient(freshName(), "application/json", send);
    meter.take();
    expect((await stream.put({ body: "{" })).status).toBe(400);
    expect((await stream.put({ headers: { "Stream-TTL": "-1" } })).status).toBe(400);
    expect(meter.take()).toMatchObject({ rowsWritten: 0, objectRequests: 0 });
  });
});

describe("costs: waking up", () => {
  test("an evicted object reads a handful of rows and writes none", async () => {
    const stream = await createStream({ send });
    for (let i = 0; i < 50; i++) await stream.append(String(i));
    await evictDurableObject(stream.object);
    meter.take();
    await stream.head();
    const { rowsRead, rowsWritten } = meter.take();
    expect(rowsWritten).toBe(0);
    expect(rowsRead).toBeLessThanOrEqual(6);
  });

  test("reads of a stream with a TTL write down the access once in a tenth of the window", async () => {
    const stream = await createStream({ send, headers: { "Stream-TTL": "3600" } });
    meter.take();
    for (let i = 0; i < 20; i++) await stream.readAll();
    expect(meter.take().rowsWritten).toBe(0);
  });
});
