import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { answer, type Notification, WebhookHandler } from "../cli/support/handler.ts";
import { readyDev } from "./support/dev.ts";
import { temporaryFolder } from "./support/folders.ts";
import { type LinkedStream, positionOf, ProjectApi, type SubscriptionFacts } from "./support/project-api.ts";
import { seededRandom } from "./support/random.ts";

const STREAMS = ["events/a", "events/b", "events/c"];
const WORKERS = ["worker-1", "worker-2"];
const KILLS = 3;
const LEASE_MS = 1000;
const LOOK_EVERY_MS = 20;

/** What one subscription was woken for, over all lives of the server. */
class Woken {
  readonly #about: string;
  readonly #cursors = new Map<string, number>();
  readonly #messages = new Map<string, Set<number>>();
  #generation = 0;

  constructor(about: string) {
    this.#about = about;
  }

  /** Of a wake that came after all before it: its cursors may not lie behind theirs. */
  note(generation: number, streams: readonly LinkedStream[]): void {
    // A delivery whose answer was late comes again, and may have been overtaken.
    if (generation < this.#generation) return;
    this.#generation = generation;
    for (const { path, acked_offset, tail_offset } of streams) {
      const [acked, tail] = [positionOf(acked_offset), positionOf(tail_offset)];
      this.requireCursor(path, acked);
      this.#cursors.set(path, acked);
      const messages = this.#messages.get(path) ?? new Set();
      for (let position = acked; position < tail; position++) messages.add(position);
      this.#messages.set(path, messages);
    }
  }

  /** That this was acknowledged was answered. */
  acked(streams: readonly LinkedStream[]): void {
    for (const { path, tail_offset } of streams)
      this.#cursors.set(path, Math.max(this.#cursors.get(path) ?? 0, positionOf(tail_offset)));
  }

  requireCursor(path: string, acked: number): void {
    const before = this.#cursors.get(path) ?? 0;
    if (acked < before) throw new Error(`${this.#about}: the cursor of ${path} went back from ${before} to ${acked}`);
  }

  /** What it was never woken for. */
  missing(path: string, tail: number): readonly number[] {
    return Array.from({ length: tail }, (_, position) => position).filter(
      (position) => this.#messages.get(path)?.has(position) !== true,
    );
  }
}

/** One life of the server: appends, claims and webhooks until it is killed at the n-th of them. */
async function liveUntilKilled(
  dir: string,
  life: {
    readonly killAt: number;
    readonly random: () => number;
    readonly pool: Woken;
    readonly handler: WebhookHandler;
  },
): Promise<void> {
  const { killAt, random, pool, handler } = life;
  const server = await readyDev(dir);
  const project = new ProjectApi(server.url);
  let done = 0;
  const isOver = (): boolean => done >= killAt;
  const count = (): void => {
    done += 1;
    if (done !== killAt) return;
    process.kill(server.runtimePid, "SIGKILL");
    process.kill(server.pid, "SIGKILL");
  };
  const untilKilled = async (act: () => Promise<void>): Promise<void> => {
    while (!isOver()) {
      try {
        await act();
      } catch (error) {
        if (!isOver()) throw error;
      }
    }
  };
  handler.onReceived = count;
  const writing = STREAMS.map((path) =>
    untilKilled(async () => {
      await project.append(path, 1);
      count();
    }),
  );
  const working = WORKERS.map((worker) =>
    untilKilled(async () => {
      const lease = await project.claim("pool", worker);
      if (lease === undefined) {
        await wait(LOOK_EVERY_MS);
        return;
      }
      pool.note(lease.generation, lease.streams);
      count();
      // Some die with the lease.
      if (random() < 0.1 || !(await project.ack("pool", lease))) return;
      pool.acked(lease.streams);
      count();
    }),
  );
  await Promise.all([...writing, ...working]);
  expect(await server.ended).toBe("SIGKILL");
}

test.each([1, 2])(
  "a kill while webhooks are delivered and wakes claimed loses no message, and no cursor goes back (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const dir = await temporaryFolder();
    const handler = new WebhookHandler((response) => {
      const fate = random();
      if (fate < 0.1) answer(500)(response);
      else if (fate < 0.2) response.destroy();
      else answer(200, { done: true })(response);
    });
    onTestFinished(() => {
      handler.stop();
    });
    const url = await handler.start();
    const first = await readyDev(dir);
    const project = new ProjectApi(first.url);
    for (const path of ["wake", ...STREAMS]) await project.createStream(path);
    await project.subscribe("hook", { type: "webhook", pattern: "events/*", webhook: { url }, lease_ttl_ms: LEASE_MS });
    await project.subscribe("pool", {
      type: "pull-wake",
      pattern: "events/*",
      wake_stream: "wake",
      lease_ttl_ms: LEASE_MS,
    });
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    const [hook, pool] = [new Woken("the webhook"), new Woken("the pool")];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await liveUntilKilled(dir, { killAt: 20 + Math.floor(random() * 150), random, pool, handler });
    }
    handler.onReceived = undefined;
    const server = await readyDev(dir);
    const again = new ProjectApi(server.url);
    const tails = new Map<string, number>();
    for (const path of STREAMS) tails.set(path, await tailOf(server.url, path));
    expect(Math.min(...tails.values())).toBeGreaterThan(0);
    await untilWoken(hook, tails, handler);
    await workOff(again, pool);
    for (const [id, woken] of [
      ["hook", hook],
      ["pool", pool],
    ] as const) {
      const { streams } = await untilIdle(again, id);
      for (const { path, acked_offset } of streams) {
        const tail = tails.get(path) ?? 0;
        expect(woken.missing(path, tail), `${id} of ${path}`).toEqual([]);
        woken.requireCursor(path, positionOf(acked_offset));
        expect(positionOf(acked_offset), `${id} of ${path}`).toBe(tail);
      }
    }
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  },
);

/** Waits for the webhooks that are left. Nobody asks for the subscription: it has to go on by itself. */
async function untilWoken(hook: Woken, tails: ReadonlyMap<string, number>, handler: WebhookHandler): Promise<void> {
  for (let number = 1; ; number++) {
    if ([...tails].every(([path, tail]) => hook.missing(path, tail).length === 0)) return;
    const { notification } = await handler.request(number);
    hook.note(notification.generation, pendingOf(notification));
  }
}

/** Claims until there is nothing to be had. */
async function workOff(project: ProjectApi, pool: Woken): Promise<void> {
  for (;;) {
    const lease = await project.claim("pool", "worker-1");
    if (lease !== undefined) {
      pool.note(lease.generation, lease.streams);
      if (await project.ack("pool", lease)) pool.acked(lease.streams);
    } else if ((await pending(project, "pool")).length === 0) {
      return;
    } else {
      await wait(LOOK_EVERY_MS);
    }
  }
}

async function untilIdle(project: ProjectApi, id: string): Promise<SubscriptionFacts> {
  while ((await pending(project, id)).length > 0) await wait(LOOK_EVERY_MS);
  return project.subscription(id);
}

async function pending(project: ProjectApi, id: string): Promise<readonly LinkedStream[]> {
  const { streams } = await project.subscription(id);
  return streams.filter((stream) => stream.acked_offset !== stream.tail_offset);
}

function pendingOf({ streams }: Notification): readonly LinkedStream[] {
  return streams.filter(({ has_pending }) => has_pending);
}

async function tailOf(url: string, path: string): Promise<number> {
  const answered = await fetch(`${url}/v1/stream/${path}`, { method: "HEAD" });
  return positionOf(answered.headers.get("stream-next-offset") ?? "");
}
