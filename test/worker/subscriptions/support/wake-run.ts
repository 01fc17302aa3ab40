import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { SeededRandom } from "../../../support/seeded-random.ts";
import { DirectoryDO } from "../../../../src/worker/directory/directory-do.ts";
import { SubscriptionDO } from "../../../../src/worker/subscriptions/subscription-do.ts";
import { atTheDoor } from "../../support/at-the-door.ts";
import { eventually } from "../../support/eventually.ts";
import { sendTo } from "../../support/stream-client.ts";
import type { Delivery } from "./receiver.ts";
import { pullWake, SubscriptionClient, webhook } from "./subscriptions.ts";

const STEPS = { append: 8, create: 4, delete: 2, memory: 3, alarm: 3, claim: 4, ack: 3, release: 1, callback: 3 };

type Lease = Awaited<ReturnType<SubscriptionClient["claimed"]>>;

/** Two subscriptions, a webhook and a pull-wake, to the same three names, with a fault at any call between the objects. */
export class WakeRun {
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #id = crypto.randomUUID();
  readonly #project = `p${this.#id}`;
  readonly #paths = ["a", "b", "c"].map((name) => `events/${this.#id}-${name}`);
  readonly #hook = new SubscriptionClient(webhook({ pattern: "events/*" }), this.#project, `hook-${this.#id}`);
  readonly #pool = new SubscriptionClient(pullWake("wake", { pattern: "**" }), this.#project, `pool-${this.#id}`);
  readonly #deliveries: Delivery[] = [];
  readonly #leases: Lease[] = [];
  readonly #holders = new Set<number>();
  readonly #wakeIds = new Map<number, string>();
  /** What of each stream that there is was in a wake of each subscription. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #send = sendTo();
  #faultChance = 0.25;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  static watch(runs: readonly WakeRun[]): Disposable {
    const between = (path: string, call: string, real: () => unknown): unknown => {
      const run = runs.find((one) => path.includes(one.#id));
      return run === undefined ? real() : run.#meet(call, real);
    };
    const doors = [
      atTheDoor(DirectoryDO, "register", (real, { path }) => between(path, "register", real)),
      atTheDoor(SubscriptionDO, "notify", (real, { path }) => between(path, "notify", real)),
    ];
    return {
      [Symbol.dispose]: () => {
        for (const door of doors) door[Symbol.dispose]();
      },
    };
  }

  async begin(): Promise<void> {
    await this.#http("wake", "PUT");
    await this.#hook.created();
    await this.#pool.created();
  }

  /** The receiver of its webhook: down, wrong, elsewhere, dead after it got the wake, or well. */
  receive(delivery: Delivery): Response | undefined {
    if (delivery.wake.subscription_id !== this.#hook.name.id) return undefined;
    if (this.#random.chance(this.#faultChance)) throw new Error("injected: the receiver is down");
    const { wake_id, generation, streams } = delivery.wake;
    if ((this.#wakeIds.get(generation) ?? wake_id) !== wake_id) throw new Error(`two wakes of ${String(generation)}`);
    this.#wakeIds.set(generation, wake_id);
    for (const { path, acked_offset, tail_offset } of streams)
      this.#see("hook", path, positionOf(acked_offset), positionOf(tail_offset));
    this.#deliveries.push(delivery);
    if (!this.#random.chance(this.#faultChance * 2)) return Response.json({ done: true });
    const status = this.#random.pick([200, 202, 302, 500, 0]);
    if (status === 0) throw new Error("injected: the answer is lost");
    return new Response(status === 200 ? "{}" : null, { status });
  }

  async step(): Promise<void> {
    const path = this.#random.pick(this.#paths);
    const what = this.#random.weighted(STEPS);
    this.steps.push(`${what} ${path.at(-1) ?? ""}`);
    switch (what) {
      case "append":
        return this.#http(path, "POST", "[1]");
      case "create":
        return this.#http(path, "PUT", this.#random.pick(["[]", "[1,2]"]));
      case "delete":
        for (const of of ["hook", "pool"]) this.#forget(of, path);
        return this.#http(path, "DELETE");
      case "memory":
        return lose(this.#random.pick(this.#objects()));
      case "alarm":
        await runDurableObjectAlarm(this.#random.pick(this.#objects()));
        return;
      case "claim":
        return this.#claim();
      case "ack":
        return this.#ack(this.#random.pick([undefined, ...this.#leases]), this.#random.chance(0.7));
      case "release": {
        const lease = this.#leases.at(-1);
        if (lease !== undefined) await this.#pool.object.release(this.#pool.request(lease));
        return;
      }
      case "callback":
        return this.#callback(this.#random.pick([undefined, ...this.#deliveries]));
    }
  }

  calm(): void {
    this.#faultChance = 0;
  }

  async ring(): Promise<void> {
    for (const path of this.#paths) await this.#http(path, "HEAD");
    for (const object of this.#objects()) await runDurableObjectAlarm(object);
    await this.#claim();
    await this.#ack(this.#leases.at(-1), true);
  }

  /** Every message there is was in a wake of both; no cursor is behind; nothing is left to do. */
  async requireSound(): Promise<void> {
    for (const path of this.#paths) {
      const at = await env.STREAMS.getByName(`${this.#project}/${path}`).position();
      for (const subscription of [this.#hook, this.#pool]) {
        const kind = subscription === this.#hook ? "hook" : "pool";
        // A stream without messages has told nothing yet.
        const tail = at.kind === "linked" ? at.tail : 0;
        await eventually(async () => (await subscription.cursor(path)) ?? [0, 0]).toEqual([tail, tail]);
        if (at.kind !== "linked") continue;
        const seen = this.#seen.get(`${kind} ${path}`) ?? new Set();
        for (let i = 0; i < at.tail; i++)
          if (!seen.has(i)) throw new Error(`${kind} was never woken for ${String(i)} of ${path}`);
      }
    }
    for (const subscription of [this.#hook, this.#pool])
      await eventually(async () => (await subscription.wake()).phase.kind).toBe("idle");
  }

  #objects(): DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>[] {
    const streams = this.#paths.map((path) => env.STREAMS.getByName(`${this.#project}/${path}`));
    return [...streams, this.#hook.object, this.#pool.object] as never;
  }

  async #claim(): Promise<void> {
    const claim = await this.#pool.claim();
    if (claim.kind !== "claimed") return;
    if (this.#holders.has(claim.generation)) throw new Error(`two holders of ${String(claim.generation)}`);
    this.#holders.add(claim.generation);
    this.#leases.push(claim);
    for (const { path, acked, tail } of claim.streams) this.#see("pool", path, acked, tail);
  }

  async #ack(lease: Lease | undefined, done: boolean): Promise<void> {
    if (lease === undefined) return;
    const acks = Object.fromEntries(lease.streams.map(({ path, tail }) => [path, tail]));
    await this.#pool.ack(lease, this.#random.chance(this.#faultChance) ? {} : acks, done);
  }

  async #callback(delivery: Delivery | undefined): Promise<void> {
    if (delivery === undefined) return;
    const { callback_token: token, wake_id: wakeId, generation, streams } = delivery.wake;
    const acks = Object.fromEntries(streams.map(({ path, tail_offset }) => [path, positionOf(tail_offset)]));
    await this.#hook.object.callback(this.#hook.request({ token, wakeId, generation }, acks, this.#random.chance(0.5)));
  }

  #see(kind: string, path: string, acked: number, tail: number): void {
    const about = `${kind} ${path}`;
    const seen = this.#seen.get(about) ?? new Set();
    for (let i = acked; i < tail; i++) seen.add(i);
    this.#seen.set(about, seen);
  }

  #forget(kind: string, path: string): void {
    this.#seen.delete(`${kind} ${path}`);
  }

  async #http(path: string, method: string, body?: string): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const content = body === undefined ? {} : { body };
    const answer = await this.#send(`/v1/${this.#project}/stream/${path}`, { method, headers, ...content });
    await answer.body?.cancel();
    if (answer.status >= 500) throw new Error(`${method} answered ${String(answer.status)}`);
  }

  async #meet(call: string, real: () => unknown): Promise<unknown> {
    if (!this.#random.chance(this.#faultChance)) return real();
    const isAfter = this.#random.chance(0.5);
    this.steps.push(`(${call} fails ${isAfter ? "after" : "before"})`);
    if (isAfter) await real();
    throw new Error(`injected: ${call}`);
  }
}

function positionOf(offset: string): number {
  return Number(offset.split("_")[1]);
}

async function lose(object: DurableObjectStub<Rpc.DurableObjectBranded & DurableObject>): Promise<void> {
  await runInDurableObject(object, async (_instance, state) => {
    await state.storage.sync();
    state.abort("injected: out of memory");
  }).catch(() => undefined);
}
