import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { SeededRandom } from "../../../support/seeded-random.ts";
import { DirectoryDO } from "../../../../src/worker/directory/directory-do.ts";
import { StreamStorage } from "../../../../src/worker/storage/stream-storage.ts";
import { StreamDO } from "../../../../src/worker/stream/stream-do.ts";
import { SubscriptionDO } from "../../../../src/worker/subscriptions/subscription-do.ts";
import { atTheDoor } from "../../support/at-the-door.ts";
import { eventually } from "../../support/eventually.ts";
import { sendTo } from "../../support/stream-client.ts";
import { Laws, type Move } from "./laws.ts";
import { Losses } from "./losses.ts";
import type { Delivery } from "./receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./subscriptions.ts";

const STEPS = {
  append: 8,
  create: 5,
  delete: 1,
  anew: 3,
  memory: 2,
  alarm: 3,
  twice: 1,
  claim: 5,
  ack: 5,
  work: 4,
  release: 1,
  callback: 5,
  answer: 3,
  subscribe: 1,
  add: 1,
  remove: 0.5,
};

type Step = keyof typeof STEPS;

type Lease = Awaited<ReturnType<SubscriptionClient["claimed"]>>;

/** Calls from one object to another, which may fail before or after they took effect. */
type Call = "register" | "unregister" | "notify" | "link" | "putSubscription" | "putExplicit" | "matching";

/** A receiver that answers when it is told to, maybe long after its lease. */
interface SlowAnswer {
  isDue: boolean;
}

/** That it is due can only be looked for: whoever told the object would have it go on elsewhere, where its own is of no use. */
const LOOK_EVERY_MS = 2;

interface Chances {
  /** That a call between objects fails, or a receiver does something wrong. */
  readonly fault: number;
  /** That an object is lost at one of many places. */
  readonly loss: number;
}

const CALM: Chances = { fault: 0, loss: 0 };

/**
 * A webhook and a pull-wake from the beginning, and a webhook that is subscribed later, all to the same names, with a fault
 * at any call between the objects, and a loss at any place. What may never be otherwise is required after each commit, and
 * that nobody missed anything at the end.
 */
export class WakeRun {
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #id = crypto.randomUUID();
  readonly #project = `p${this.#id}`;
  /** What no pattern matches but the pull-wake's. */
  readonly #named = `jobs/${this.#id}-d`;
  readonly #paths = [...["a", "b", "c"].map((name) => `events/${this.#id}-${name}`), this.#named];
  readonly #hook = new SubscriptionClient(webhook({ pattern: "events/*" }), this.#project, `hook-${this.#id}`);
  readonly #pool = new SubscriptionClient(pullWake("wake", { pattern: "**" }), this.#project, `pool-${this.#id}`);
  readonly #late = new SubscriptionClient(
    webhook({ pattern: "events/*", streams: [this.#named] }),
    this.#project,
    `late-${this.#id}`,
  );
  readonly #deliveries: { readonly to: SubscriptionClient; readonly delivery: Delivery }[] = [];
  readonly #slow: SlowAnswer[] = [];
  readonly #leases: Lease[] = [];
  readonly #generations = new Set<number>();
  /** What of each stream that there is was in a wake of each subscription, and of any stream of its name. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #seenEver = new Map<string, Set<number>>();
  /** From where on the later subscription has to be woken. */
  readonly #lateFrom = new Map<string, number>();
  #isBegun = false;
  #isSubscribed = false;
  #isNamed = true;
  /** How many messages were sent at most to a stream of a path. */
  readonly #sent = new Map<string, number>();
  readonly #laws = new Laws({
    tailMax: (path) => this.#sent.get(path) ?? 0,
    onMove: (move) => {
      this.#requireSeen(move);
    },
  });
  readonly #send = sendTo();
  #chances: Chances;
  #losses: Losses | undefined;
  /** That were injected so far. */
  #faults = 0;
  /** Places that are passed until an object is lost at one, however little the chance. */
  #placesLeft = Infinity;

  constructor(random: SeededRandom, chances: Chances = { fault: 0.2, loss: 0.05 }) {
    this.#random = random;
    this.#chances = chances;
  }

  static watch(runs: readonly WakeRun[]): Disposable {
    const runOf = (name: string): WakeRun | undefined => runs.find((run) => name.includes(run.#id));
    const between = (name: string, call: Call, real: () => unknown): unknown => {
      const run = runOf(name);
      return run === undefined ? real() : run.#meet(call, real);
    };
    const held = new DisposableStack();
    const losses = held.use(
      new Losses({
        isLost: (object, place) => {
          const run = runOf(object);
          return run !== undefined && run.#isLost(object, place);
        },
        onCommit: (storage) => {
          const record = storage.record();
          const run = runOf(record?.id ?? "");
          if (run !== undefined && record !== undefined) run.#laws.look(record, storage);
        },
      }),
    );
    held.use(atTheDoor(DirectoryDO, "register", (real, { path }) => between(path, "register", real)));
    held.use(atTheDoor(DirectoryDO, "unregister", (real, path) => between(path, "unregister", real)));
    held.use(atTheDoor(DirectoryDO, "putSubscription", (real, { id }) => between(id, "putSubscription", real)));
    held.use(atTheDoor(DirectoryDO, "putExplicit", (real, { id }) => between(id, "putExplicit", real)));
    held.use(atTheDoor(StreamDO, "link", (real, { id }) => between(id, "link", real)));
    held.use(atTheDoor(SubscriptionDO, "notify", (real, { path }) => between(path, "notify", real)));
    for (const run of runs) run.#losses = losses;
    return held;
  }

  async begin(): Promise<void> {
    await untilDone(() => this.#http("wake", "PUT"));
    for (const subscription of [this.#hook, this.#pool]) {
      await untilDone(async () => {
        const { kind } = await subscription.create();
        if (kind === "refused") throw new Error("the subscription is refused");
      });
    }
  }

  /** From now on an object is lost at the n-th place from here, counted from 1, and at no other. */
  loseAt(place: number): void {
    this.#placesLeft = place;
  }

  /** Whether that place was passed. */
  get hasLost(): boolean {
    return this.#placesLeft <= 0;
  }

  /** The receiver of its webhooks: down, wrong, elsewhere, dead after it got the wake, slow, or well. */
  async receive(delivery: Delivery): Promise<Response | undefined> {
    const to = [this.#hook, this.#late].find(({ name }) => name.id === delivery.wake.subscription_id);
    if (to === undefined) return undefined;
    const object = `${this.#project}/${to.name.id}`;
    await this.#losses?.pass(object, "before the webhook is sent");
    if (this.#random.chance(this.#chances.fault)) throw new Error("injected: the receiver is down");
    for (const { path, acked_offset, tail_offset } of delivery.wake.streams)
      this.#see(to, path, positionOf(acked_offset), positionOf(tail_offset));
    const isDone = !this.#random.chance(this.#chances.fault * 2);
    if (!isDone || this.#random.chance(0.2)) this.#deliveries.push({ to, delivery });
    await this.#losses?.pass(object, "after the webhook is received");
    const status = isDone ? "done" : this.#random.pick(["slow", "slow", "lost", 200, 202, 302, 500] as const);
    if (status === "lost") throw new Error("injected: the answer is lost");
    if (typeof status === "number") return new Response(status === 200 ? "{}" : null, { status });
    if (status === "slow") await this.#untilDue();
    return Response.json({ done: true });
  }

  async step(): Promise<void> {
    await this.perform(this.#random.weighted(STEPS), this.#random.pick(this.#paths));
  }

  /** Does one thing; what was made to fail meanwhile fails it, and nothing else may. */
  async perform(what: Step, path = this.#paths[0] ?? ""): Promise<void> {
    this.steps.push(`${what} ${path.at(-1) ?? ""}`);
    try {
      await this.#perform(what, path);
    } catch (error) {
      if (!isInjected(error)) throw error;
    }
    this.#requireLaws();
  }

  /** From now on nothing fails, and nobody is slow. */
  async calm(): Promise<void> {
    this.#chances = CALM;
    this.#placesLeft = Infinity;
    for (const slow of this.#slow) slow.isDue = true;
    // One that was begun goes on by itself.
    if (!this.#isBegun) await this.#subscribe();
  }

  /** Lets the alarms come that are set, and a worker; nobody asks for anything else, so what has no alarm is lost. */
  async ring(): Promise<void> {
    for (const object of this.#objects()) await runDurableObjectAlarm(object);
    await this.#untilTold();
    await this.#untilDelivered();
    await this.#claim("worker-1");
    await this.#ack(this.#leases.at(-1), true);
    this.#requireLaws();
  }

  /** Every message there is was in a wake of each; no cursor is behind; nothing is left to do. Wakes no object. */
  async requireSound(): Promise<void> {
    for (const path of this.#paths) {
      // A stream without messages has told nothing yet.
      const tail = (await this.#tailOf(path)) ?? 0;
      for (const subscription of [this.#hook, this.#pool, this.#late]) {
        const from = this.#wokenFrom(subscription, path);
        if (from === undefined) continue;
        const whose = about(subscription, path);
        const cursor = async () => [whose, ...((await storedCursor(subscription, path)) ?? [0, 0])];
        await eventually(cursor).toEqual([whose, tail, tail]);
        const seen = this.#seen.get(about(subscription, path)) ?? new Set();
        for (let i = from; i < tail; i++)
          if (!seen.has(i)) throw new Error(`${subscription.name.id} was never woken for ${String(i)} of ${path}`);
      }
    }
    for (const subscription of [this.#hook, this.#pool, this.#late])
      await eventually(async () => (await subscription.wake()).phase.kind).toBe("idle");
    const { kind } = await this.#late.create();
    if (kind !== "confirmed") throw new Error(`the later subscription was not made by itself, but is ${kind}`);
    this.#requireLaws();
  }

  async #perform(what: Step, path: string): Promise<void> {
    switch (what) {
      case "append":
        this.#noteSent(path, 1);
        return this.#http(path, "POST", "[1]");
      case "create":
        return this.#create(path, this.#random.pick([0, 2]));
      case "delete":
        return this.#delete(path);
      case "anew":
        await this.#delete(path);
        return this.#create(path, this.#random.pick([1, 5]));
      case "memory":
        return lose(this.#random.pick(this.#objects()));
      case "alarm":
        return this.#alarm(this.#random.pick(this.#objects()));
      case "twice":
        return runInDurableObject(this.#random.pick(this.#objects()), async (instance) => {
          await Promise.all([instance.alarm?.(), instance.alarm?.()]);
        });
      case "claim": {
        const claims = await Promise.allSettled(["worker-1", "worker-2"].map((worker) => this.#claim(worker)));
        for (const claim of claims) if (claim.status === "rejected") throw claim.reason;
        return;
      }
      case "ack":
        return this.#ack(this.#oneOf(this.#leases), this.#random.chance(0.7));
      case "work":
        await this.#claim("worker-1");
        return this.#ack(this.#leases.at(-1), this.#random.chance(0.7));
      case "release": {
        const lease = this.#leases.at(-1);
        if (lease !== undefined) await this.#pool.object.release(this.#pool.request(lease));
        return;
      }
      case "callback":
        return this.#callback(this.#oneOf(this.#deliveries));
      case "answer": {
        const slow = this.#slow.shift();
        if (slow !== undefined) slow.isDue = true;
        return;
      }
      case "subscribe":
        return this.#subscribe();
      case "add":
        return this.#add();
      case "remove":
        return this.#remove();
    }
  }

  #wokenFrom(subscription: SubscriptionClient, path: string): number | undefined {
    if (subscription === this.#late) return this.#lateFrom.get(path);
    return subscription === this.#hook && path === this.#named ? undefined : 0;
  }

  #objects(): DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>[] {
    const streams = this.#paths.map((path) => this.#stream(path));
    return [...streams, this.#hook.object, this.#pool.object, this.#late.object] as never;
  }

  /** Once it is there, it is woken for whatever comes then; what was there before it is nobody's news. */
  async #subscribe(): Promise<void> {
    this.#isBegun = true;
    const { kind } = await this.#late.create();
    if (kind === "refused") throw new Error("the later subscription is refused");
    if (this.#isSubscribed) return;
    this.#isSubscribed = true;
    for (const path of this.#paths) if (path !== this.#named || this.#isNamed) await this.#expectLate(path);
  }

  async #add(): Promise<void> {
    if (!this.#isSubscribed) return;
    const { kind } = await this.#late.object.addStreams(this.#late.name, [this.#named]);
    if (kind !== "done") throw new Error(`addStreams answered ${kind}`);
    if (!this.#isNamed) await this.#expectLate(this.#named);
    this.#isNamed = true;
  }

  async #remove(): Promise<void> {
    if (!this.#isSubscribed) return;
    this.#isNamed = false;
    this.#lateFrom.delete(this.#named);
    await this.#late.object.removeStream(this.#late.name, this.#named);
  }

  async #expectLate(path: string): Promise<void> {
    this.#lateFrom.set(path, (await this.#tailOf(path)) ?? 0);
  }

  /** Where a stream ends, as it is stored; `undefined` when there is none. */
  #tailOf(path: string): Promise<number | undefined> {
    return runInDurableObject(this.#stream(path), (_instance, state) => {
      const storage = new StreamStorage(state.storage);
      return storage.load(path) === undefined ? undefined : (storage.end()?.tail ?? 0);
    });
  }

  async #untilDelivered(): Promise<void> {
    for (const subscription of [this.#hook, this.#pool, this.#late])
      await eventually(async () => (await subscription.wake()).phase.kind === "sending").toBe(false);
  }

  /** Streams tell by themselves what is new, and a claim need not ask them for it. */
  async #untilTold(): Promise<void> {
    for (const path of this.#paths) {
      const tail = (await this.#tailOf(path)) ?? 0;
      const untold = (): Promise<number> =>
        runInDurableObject(this.#stream(path), (_instance, state) => {
          const links = new StreamStorage(state.storage).links.all();
          return links.filter(({ notified, failures }) => notified < tail && failures === 0).length;
        });
      await eventually(untold).toBe(0);
    }
  }

  #stream(path: string): DurableObjectStub<StreamDO> {
    return env.STREAMS.getByName(`${this.#project}/${path}`);
  }

  #create(path: string, messages: number): Promise<void> {
    this.#noteSent(path, messages);
    return this.#http(path, "PUT", JSON.stringify(Array.from({ length: messages }, () => 1)));
  }

  async #delete(path: string): Promise<void> {
    for (const subscription of [this.#hook, this.#pool, this.#late]) this.#seen.delete(about(subscription, path));
    await this.#http(path, "DELETE");
    if (this.#lateFrom.has(path)) this.#lateFrom.set(path, 0);
  }

  async #claim(worker: string): Promise<void> {
    const claim = await this.#pool.claim(worker);
    if (claim.kind !== "claimed") return;
    if (this.#generations.has(claim.generation)) throw new Error(`two holders of ${String(claim.generation)}`);
    this.#generations.add(claim.generation);
    this.#leases.push(claim);
    for (const { path, acked, tail } of claim.streams) this.#see(this.#pool, path, acked, tail);
  }

  async #ack(lease: Lease | undefined, done: boolean): Promise<void> {
    if (lease === undefined) return;
    const acks = lease.streams.map(({ path, acked, tail }) => [path, this.#offset(path, acked, tail)] as const);
    await this.#pool.ack(lease, this.#random.chance(this.#chances.fault) ? {} : Object.fromEntries(acks), done);
  }

  async #callback(received: { readonly to: SubscriptionClient; readonly delivery: Delivery } | undefined) {
    if (received === undefined) return;
    const { callback_token: token, wake_id: wakeId, generation, streams } = received.delivery.wake;
    const acks = streams.map(({ path, acked_offset, tail_offset }) => {
      return [path, this.#offset(path, positionOf(acked_offset), positionOf(tail_offset))] as const;
    });
    const wake = { token, wakeId, generation };
    const { to } = received;
    await to.object.callback(to.request(wake, Object.fromEntries(acks), this.#random.chance(0.5)));
  }

  /** What is acknowledged of what a wake tells: all of it, or, where things go wrong, less than nothing, or too much. */
  #offset(path: string, acked: number, tail: number): number {
    if (!this.#random.chance(this.#chances.fault)) return tail;
    return this.#random.pick([acked, Math.max(0, acked - 1), (this.#sent.get(path) ?? 0) + 1]);
  }

  /** Most of the time the last one, the others of which are over. */
  #oneOf<T>(all: readonly T[]): T | undefined {
    return this.#random.chance(0.6) || all.length === 0 ? all.at(-1) : this.#random.pick(all);
  }

  async #untilDue(): Promise<void> {
    const slow: SlowAnswer = { isDue: false };
    this.#slow.push(slow);
    while (!slow.isDue) await scheduler.wait(LOOK_EVERY_MS);
  }

  /** As the platform runs it: again when it failed. */
  async #alarm(object: DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>): Promise<void> {
    try {
      await runDurableObjectAlarm(object);
    } catch (error) {
      await runInDurableObject(object, async (_instance, { storage }) => {
        if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now());
      });
      throw error;
    }
  }

  #see(subscription: SubscriptionClient, path: string, acked: number, tail: number): void {
    if (tail > acked) this.#trace(subscription.name.id, `told of ${range(path, acked, tail)}`);
    for (const all of [this.#seen, this.#seenEver]) {
      const seen = all.get(about(subscription, path)) ?? new Set();
      for (let i = acked; i < tail; i++) seen.add(i);
      all.set(about(subscription, path), seen);
    }
  }

  #trace(id: string, what: string): void {
    this.steps.push(`(${id.slice(0, 4)} ${what})`);
  }

  /** Nothing is acknowledged that nobody was told of. */
  #requireSeen({ subscription, path, from, to }: Move): void {
    this.#trace(subscription, `acked ${range(path, from, to)}`);
    const client = [this.#hook, this.#pool, this.#late].find(({ name }) => name.id === subscription);
    if (client === undefined) return;
    const seen = this.#seenEver.get(about(client, path)) ?? new Set();
    for (let i = from; i < to; i++)
      if (!seen.has(i))
        this.#laws.broken.push(`${subscription}: ${String(i)} of ${path} is acked, and nobody was told`);
  }

  #requireLaws(): void {
    const [broken] = this.#laws.broken;
    if (broken !== undefined) throw new Error(broken);
  }

  #noteSent(path: string, messages: number): void {
    this.#sent.set(path, (this.#sent.get(path) ?? 0) + messages);
  }

  async #http(path: string, method: string, body?: string): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const content = body === undefined ? {} : { body };
    const faults = this.#faults;
    const answer = await this.#send(`/v1/${this.#project}/stream/${path}`, { method, headers, ...content });
    await answer.body?.cancel();
    if (answer.status < 500) return;
    // The object was lost while it did that; whoever asked does not know what became of it.
    if (this.#faults > faults) throw new Error("injected: the answer of an object that was lost");
    throw new Error(`${method} answered ${String(answer.status)}`);
  }

  async #meet(call: Call, real: () => unknown): Promise<unknown> {
    if (!this.#random.chance(this.#chances.fault)) return real();
    const isAfter = this.#random.chance(0.5);
    this.#faults++;
    this.steps.push(`(${call} fails ${isAfter ? "after" : "before"})`);
    if (isAfter) await real();
    throw new Error(`injected: ${call}`);
  }

  #isLost(object: string, place: string): boolean {
    this.#placesLeft--;
    const isLost = this.#placesLeft === 0 || this.#random.chance(this.#chances.loss);
    if (isLost) this.#faults++;
    if (isLost) this.steps.push(`(${object.slice(object.indexOf("/") + 1)} is lost ${place})`);
    return isLost;
  }
}

function about({ name }: SubscriptionClient, path: string): string {
  return `${name.id} ${path}`;
}

function storedCursor(
  { object }: SubscriptionClient,
  path: string,
): Promise<readonly [acked: number, tail: number] | undefined> {
  return runInDurableObject(object, (_instance, { storage }) => {
    const [link] = storage.sql
      .exec<{ acked: number; tail: number }>("SELECT acked, tail FROM link WHERE path = ?", path)
      .toArray();
    return link === undefined ? undefined : [link.acked, link.tail];
  });
}

function range(path: string, from: number, to: number): string {
  return `${path.at(-1) ?? ""} ${String(from)}-${String(to)}`;
}

function positionOf(offset: string): number {
  return Number(offset.split("_")[1]);
}

/** Asks again when it was made to fail. */
async function untilDone(ask: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isInjected(error)) throw error;
    }
  }
}

function isInjected(error: unknown): boolean {
  return String(error).includes("injected");
}

async function lose(object: DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>): Promise<void> {
  await runInDurableObject(object, async (_instance, state) => {
    await state.storage.sync();
    state.abort("injected: out of memory");
  }).catch(() => undefined);
}
