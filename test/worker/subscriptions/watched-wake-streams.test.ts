import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { StreamDO } from "../../../src/worker/stream/stream-do.ts";
import { atTheDoor } from "../support/at-the-door.ts";
import { ErrorLog } from "../support/error-log.ts";
import { eventually } from "../support/eventually.ts";
import { ProjectClient, type SubscriptionHttp } from "./support/http.ts";

const WAKES = "wakes/pool";

/** A pull-wake whose events go to `wakes/pool`, and a watcher whose pattern matches every stream. */
class Watched {
  readonly project = new ProjectClient();
  watcher!: SubscriptionHttp;
  pool!: SubscriptionHttp;

  static async begun(): Promise<Watched> {
    const watched = new Watched();
    await watched.project.createStream(WAKES);
    await watched.makePool();
    await watched.makeWatcher();
    return watched;
  }

  async makePool(): Promise<void> {
    this.pool = await this.project.subscribe({ type: "pull-wake", wake_stream: WAKES, streams: ["jobs"] }, "pool");
  }

  async makeWatcher(): Promise<void> {
    this.watcher = await this.project.pullWake({ pattern: "wakes/*" });
  }

  /** How each stream is linked to the watcher. */
  async links(): Promise<readonly unknown[]> {
    const { streams } = (await this.watcher.facts()) as { streams: { path: string; link_type: string }[] };
    return streams.map(({ path, link_type }) => `${path} ${link_type}`);
  }

  /** Which subscriptions the wake stream tells. */
  async told(): Promise<readonly unknown[]> {
    return runInDurableObject(env.STREAMS.getByName(`${this.project.project}/${WAKES}`), (_instance, { storage }) => {
      const hasLinks = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'link'").toArray().length > 0;
      return hasLinks ? storage.sql.exec("SELECT subscription FROM link").toArray() : [];
    });
  }

  /** Has the wake stream tell what is new, as long as it knows of a subscription to tell it to. */
  async untilNobodyIsTold(): Promise<void> {
    await this.project.append(WAKES, { n: 1 });
    await eventually(() => this.told()).toEqual([]);
  }

  evictWatcher(): Promise<void> {
    return evictDurableObject(env.SUBSCRIPTIONS.getByName(`${this.project.project}/${this.watcher.id}`));
  }
}

describe("membership: a wake stream that was watched by name", () => {
  test.each([{ when: "at once" }, { when: "by an object that was out of memory" }])(
    "membership: once its name is taken out, no pattern links it, whatever it still tells ($when)",
    async ({ when }) => {
      const watched = await Watched.begun();
      const { project, watcher } = watched;
      expect((await watcher.addStreams(WAKES)).status).toBe(204);
      await project.append(WAKES, { n: 0 });
      await eventually(async () => (await watcher.facts())["generation"]).toBe(1);
      expect(await watched.links()).toEqual([`${WAKES} explicit`]);
      expect((await watcher.removeStream(WAKES)).status).toBe(204);
      expect((await watcher.removeStream(WAKES)).status).toBe(204);
      if (when !== "at once") await watched.evictWatcher();
      expect(await watched.links()).toEqual([]);
      await watched.untilNobodyIsTold();
      expect(await watched.links()).toEqual([]);
      expect((await watcher.claim()).status).toBe(409);
    },
  );

  test("membership: two that match each other's wake streams do not wake each other once their names are taken out", async () => {
    const project = new ProjectClient();
    const all = { type: "pull-wake", pattern: "**" };
    const a = await project.subscribe({ ...all, wake_stream: "w/a" }, "a");
    const b = await project.subscribe({ ...all, wake_stream: "w/b" }, "b");
    for (const path of ["w/a", "w/b", "jobs"]) await project.createStream(path);
    await a.addStreams("w/b");
    await b.addStreams("w/a");
    await a.removeStream("w/b");
    await b.removeStream("w/a");
    await project.append("jobs", 1);
    for (const one of [a, b]) await eventually(async () => (await one.facts())["generation"]).toBe(1);
    const offset = "0000000000000000_0000000000000001";
    for (const one of [a, b]) {
      const lease = await one.claimed();
      expect(lease.streams).toMatchObject([{ path: "jobs" }]);
      const acked = await one.wake("ack", lease, { acks: [{ stream: "jobs", offset }], done: true });
      expect(await acked.json()).toEqual({ ok: true, next_wake: false });
    }
  });

  test("membership: named again it is linked at its end", async () => {
    const watched = await Watched.begun();
    const { project, watcher } = watched;
    await watcher.addStreams(WAKES);
    await watcher.removeStream(WAKES);
    await watched.untilNobodyIsTold();
    await watcher.addStreams(WAKES);
    expect(await watcher.facts()).toMatchObject({
      streams: [{ path: WAKES, link_type: "explicit", acked_offset: "0000000000000000_0000000000000001" }],
    });
    await project.append(WAKES, { n: 2 });
    await eventually(async () => (await watcher.facts())["generation"]).toBe(1);
  });

  test("membership: a later stream of its name, which is no wake stream, is linked by the pattern", async () => {
    const watched = await Watched.begun();
    const { project, watcher } = watched;
    await watcher.addStreams(WAKES);
    await watcher.removeStream(WAKES);
    await watched.pool.delete();
    await project.send(`${project.root}/${WAKES}`, { method: "DELETE" });
    await project.createStream(WAKES, 1);
    await eventually(() => watched.links()).toEqual([`${WAKES} glob`]);
  });

  test("membership: what the pattern linked before it became a wake stream stays linked", async () => {
    const watched = new Watched();
    await watched.project.createStream(WAKES);
    await watched.makeWatcher();
    await watched.makePool();
    await watched.watcher.addStreams(WAKES);
    await watched.watcher.removeStream(WAKES);
    expect(await watched.links()).toEqual([`${WAKES} glob`]);
    await watched.project.append(WAKES, { n: 1 });
    await eventually(async () => (await watched.watcher.facts())["generation"]).toBe(1);
  });

  test("membership: a link whose answer was lost is none of the pattern's either", async () => {
    const watched = await Watched.begun();
    const { watcher } = watched;
    using log = new ErrorLog();
    const door = atTheDoor(StreamDO, "link", async (real) => {
      await real();
      throw new Error("injected: the answer is lost");
    });
    expect((await watcher.addStreams(WAKES)).status).toBe(500);
    door[Symbol.dispose]();
    log.take();
    expect(await watched.told()).toHaveLength(1);
    await watcher.removeStream(WAKES);
    await watched.untilNobodyIsTold();
    expect(await watched.links()).toEqual([]);
  });
});
