import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { DirectoryDO } from "../../../src/worker/directory/directory-do.ts";
import type { Notice } from "../../../src/worker/subscriptions/operations.ts";
import { SubscriptionDO } from "../../../src/worker/subscriptions/subscription-do.ts";
import { loseMemory, runHandler } from "./alarms.ts";
import { atTheDoor } from "./at-the-door.ts";
import { eventually } from "./eventually.ts";
import { NOTHING_STORED, storedState } from "./object-state.ts";
import { createStream, sendTo, type StreamClient } from "./stream-client.ts";

const FAULTS = ["fails before it took effect", "fails after it took effect", "arrives late"] as const;

type Fault = (typeof FAULTS)[number];

const STEPS = { append: 6, create: 3, delete: 2, link: 2, alarm: 2, memory: 2, "lost alarm": 1, twice: 1, late: 1 };

/** What each subscription was told of each incarnation, in order. */
type Told = Map<string, Notice[]>;

/**
 * Four names, two subscriptions, and a fault at any call between a stream and its directory or a subscription. What became of
 * it all is looked at when the faults are over and every alarm had its time.
 */
export class LinkRun {
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #names = new Map<string, StreamClient>();
  readonly #told: Told = new Map();
  readonly #late: (() => unknown)[] = [];
  #faultChance = 0.3;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Stands between the objects, for all runs of an isolate. */
  static watch(runs: readonly LinkRun[]): Disposable {
    const of = (path: string): LinkRun | undefined => runs.find((run) => run.#names.has(path));
    const between = (path: string, call: string, real: () => unknown): unknown => {
      const run = of(path);
      return run === undefined ? real() : run.#meet(call, real);
    };
    const doors = [
      atTheDoor(DirectoryDO, "register", (real, { path }) => between(path, "register", real)),
      atTheDoor(DirectoryDO, "unregister", (real, path) => between(path, "unregister", real)),
      atTheDoor(SubscriptionDO, "notify", (_real, notice) =>
        between(notice.path, "notify", () => {
          const run = of(notice.path);
          return run === undefined ? "unlinked" : run.#note(notice);
        }),
      ),
    ];
    return {
      [Symbol.dispose]: () => {
        for (const door of doors.toReversed()) door[Symbol.dispose]();
      },
    };
  }

  async begin(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      const stream = await createStream();
      this.#names.set(stream.name, stream);
    }
  }

  async step(): Promise<void> {
    const stream = this.#pick();
    const what = this.#random.weighted(STEPS);
    this.steps.push(`${what} ${stream.name.slice(0, 10)}`);
    switch (what) {
      case "append":
        await settled(stream.post("1"), [204, 404]);
        return;
      case "create":
        await settled(stream.put({ body: this.#random.chance(0.5) ? "[1,2]" : "[]" }), [200, 201]);
        return;
      case "delete":
        await settled(stream.delete(), [204, 404]);
        return;
      case "link":
        await stream.object.link({ id: this.#random.pick(["a", "b"]), incarnation: this.#random.pick(["1", "2"]) });
        return;
      case "alarm":
        await runDurableObjectAlarm(stream.object);
        return;
      case "memory":
        return loseMemory(stream);
      case "lost alarm":
        await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
        return loseMemory(stream);
      case "twice":
        return runHandler(stream, 2);
      case "late":
        return this.#arriveLate();
    }
  }

  /** From now on nothing fails, and whatever lost its alarm is woken. */
  async calm(): Promise<void> {
    this.#faultChance = 0;
    await this.#arriveLate();
    for (const stream of this.#names.values()) await stream.head();
  }

  async ring(): Promise<void> {
    for (const stream of this.#names.values()) await runDurableObjectAlarm(stream.object);
  }

  /** What is there is listed, and nothing else; every link knows the tail; of what is not there nothing is left. */
  async requireSound(): Promise<void> {
    const listed = await this.#listed();
    for (const stream of this.#names.values()) {
      const summary = await stream.object.summary();
      if (listed.includes(stream.name) !== (summary !== undefined)) {
        throw new Error(`${stream.name} is ${summary === undefined ? "gone, and listed" : "there, and not listed"}`);
      }
      const { tables } = await storedState(stream);
      if (summary === undefined) {
        await eventually(() => storedState(stream)).toEqual(NOTHING_STORED);
        continue;
      }
      if ((tables["registration"] ?? []).length > 0) throw new Error(`${stream.name} has still something to tell`);
      await this.#requireTold(stream, summary.incarnation, summary.tail);
    }
    this.#requireForward();
  }

  async deleteAll(): Promise<void> {
    for (const stream of this.#names.values()) await settled(stream.delete(), [204, 404]);
  }

  async requireGone(): Promise<void> {
    for (const stream of this.#names.values()) await eventually(() => storedState(stream)).toEqual(NOTHING_STORED);
    const listed = await this.#listed();
    if (listed.length > 0) throw new Error(`${listed.join()} are listed and gone`);
  }

  /** The answer of the list, which leaves out what is not there. */
  async #listed(): Promise<readonly string[]> {
    const listed: string[] = [];
    for (const name of this.#names.keys()) {
      const answer = await sendTo()(`/v1/stream/__ds/streams?prefix=${name}`);
      const { streams } = await answer.json<{ streams: { path: string }[] }>();
      listed.push(...streams.map(({ path }) => path));
    }
    return listed;
  }

  async #requireTold(stream: StreamClient, incarnation: string, tail: number): Promise<void> {
    const links = async (): Promise<readonly Record<string, unknown>[]> =>
      (await storedState(stream)).tables["link"] ?? [];
    await eventually(async () => (await links()).filter((link) => link["notified"] !== tail)).toEqual([]);
    for (const { subscription, linked_from, incarnation: of } of await links()) {
      if (of !== incarnation) throw new Error(`${stream.name} has a link of an incarnation that ended`);
      const last = this.#told.get(`${incarnation} ${String(subscription)}`)?.at(-1);
      if (linked_from !== tail && last?.tail !== tail)
        throw new Error(`${String(subscription)} does not know ${String(tail)}`);
    }
  }

  #requireForward(): void {
    for (const [about, notices] of this.#told) {
      const kinds = notices.map(({ kind }) => kind);
      const tails = notices.filter(({ kind }) => kind === "appended").map(({ tail }) => tail);
      if (tails.some((tail, i) => tail < (tails[i - 1] ?? 0))) throw new Error(`${about} went back: ${tails.join()}`);
      const end = kinds.indexOf("ended");
      if (end >= 0 && kinds.slice(end).includes("appended")) throw new Error(`${about} went on after its end`);
    }
  }

  #note(notice: Notice): "noted" {
    const about = `${notice.incarnation} ${notice.id}`;
    this.#told.set(about, [...(this.#told.get(about) ?? []), notice]);
    return "noted";
  }

  /** Calls that nobody waits for any more get to the directory. */
  async #arriveLate(): Promise<void> {
    const late = this.#late.splice(0);
    await runInDurableObject(env.DIRECTORY.getByName("default"), async () => {
      for (const arrive of late) await arrive();
    });
  }

  async #meet(call: string, real: () => unknown): Promise<unknown> {
    if (!this.#random.chance(this.#faultChance)) return real();
    if (call === "notify" && this.#random.chance(0.2)) return "unlinked";
    const fault: Fault = this.#random.pick(FAULTS);
    this.steps.push(`(${call} ${fault})`);
    if (fault === "fails after it took effect") await real();
    if (fault === "arrives late" && call !== "notify") this.#late.push(real);
    throw new Error(`injected: ${call} ${fault}`);
  }

  #pick(): StreamClient {
    return this.#random.pick([...this.#names.values()]);
  }
}

async function settled(answer: Promise<Response>, statuses: readonly number[]): Promise<void> {
  const { status } = await answer;
  if (!statuses.includes(status)) throw new Error(`answered ${String(status)}`);
}
