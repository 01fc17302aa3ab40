import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { onTestFinished } from "vitest";
import type { SubscriptionConfig } from "../../../../src/protocol/subscription/config.ts";
import { ASLEEP, type WakePhase, type WakeState } from "../../../../src/protocol/subscription/wake.ts";
import type {
  AckOutcome,
  AckRequest,
  ClaimOutcome,
  CreateSubscriptionOutcome,
  DescribedSubscription,
  DescribeOutcome,
  Notice,
  NoticeOutcome,
} from "../../../../src/worker/subscriptions/operations.ts";
import type { SubscriptionDO } from "../../../../src/worker/subscriptions/subscription-do.ts";

export const HOOK = "https://receiver.example.com/hook";
export const LEASE_SECONDS = 30;
const LEASE_MS = LEASE_SECONDS * 1000;

type Claimed = Extract<ClaimOutcome, { readonly kind: "claimed" }>;

const USUAL: SubscriptionConfig = {
  type: "webhook",
  pattern: undefined,
  streams: [],
  webhookUrl: undefined,
  wakeStream: undefined,
  leaseTtlMs: LEASE_MS,
  description: undefined,
};

export function webhook(wanted: Partial<SubscriptionConfig>): SubscriptionConfig {
  return { ...USUAL, webhookUrl: HOOK, ...wanted };
}

export function pullWake(wakeStream: string, wanted: Partial<SubscriptionConfig>): SubscriptionConfig {
  return { ...USUAL, type: "pull-wake", wakeStream, ...wanted };
}

/** One subscription of a project, as the edge, workers and streams see its object. */
export class SubscriptionClient {
  readonly name: { readonly project: string; readonly id: string };
  readonly config: SubscriptionConfig;

  constructor(config: SubscriptionConfig, project = `p${crypto.randomUUID()}`, id = `sub-${crypto.randomUUID()}`) {
    this.name = { project, id };
    this.config = config;
  }

  /** A new stub each time: one that saw its object fail stays broken. */
  get object(): DurableObjectStub<SubscriptionDO> {
    return env.SUBSCRIPTIONS.getByName(`${this.name.project}/${this.name.id}`);
  }

  async create(config = this.config): Promise<CreateSubscriptionOutcome> {
    return this.object.create({
      ...this.name,
      config,
      configHash: JSON.stringify(config),
      root: `https://streams.test/v1/${this.name.project}/stream`,
    });
  }

  async created(): Promise<this> {
    const { kind } = await this.create();
    if (kind !== "created") throw new Error(`create answered ${kind}`);
    // Its alarm would go on calling the receiver of another test.
    onTestFinished(async () => {
      await this.object.delete(this.name);
    });
    return this;
  }

  async describe(after = "", limit = 100): Promise<DescribedSubscription> {
    const outcome: DescribeOutcome = await this.object.describe(after, limit);
    if (outcome.kind === "absent") throw new Error("there is no such subscription");
    return outcome.subscription;
  }

  /** Tells of a stream that needs not be there. */
  async notify(path: string, tail: number, notice: Partial<Notice> = {}): Promise<NoticeOutcome> {
    const { incarnation: subscription } = await this.record();
    return this.object.notify({
      ...this.name,
      subscription,
      path,
      incarnation: `of ${path}`,
      kind: "appended",
      linkedFrom: 0,
      tail,
      ...notice,
    });
  }

  async claim(worker = "worker-1"): Promise<ClaimOutcome> {
    return this.object.claim({ ...this.name, worker });
  }

  async claimed(worker = "worker-1"): Promise<Claimed> {
    const outcome = await this.claim(worker);
    if (outcome.kind !== "claimed") throw new Error(`claim answered ${JSON.stringify(outcome)}`);
    return outcome;
  }

  async ack(
    claim: Pick<Claimed, "token" | "wakeId" | "generation">,
    acks: Acks = {},
    done = true,
  ): Promise<AckOutcome> {
    return this.object.ack(this.request(claim, acks, done));
  }

  request(claim: Pick<Claimed, "token" | "wakeId" | "generation">, acks: Acks = {}, done = true): AckRequest {
    const { token, wakeId, generation } = claim;
    const list = Object.entries(acks).map(([path, offset]) => ({ path, offset }));
    return { ...this.name, token, wakeId, generation, done, acks: list };
  }

  /** Lets the alarm come that is set; tells whether one was. */
  alarm(): Promise<boolean> {
    return runDurableObjectAlarm(this.object);
  }

  /** Takes the object out of memory, once nothing is under way. */
  async evict(): Promise<void> {
    await evictDurableObject(this.object);
  }

  /** The same at once, whatever is under way, and also where a call failed: an eviction would wait for long then. */
  async loseMemory(): Promise<void> {
    await runInDurableObject(this.object, async (_instance, state) => {
      await state.storage.sync();
      state.abort("injected: out of memory");
    }).catch(() => undefined);
  }

  /** The row of the wake. */
  async wakeRow(): Promise<string> {
    return runInDurableObject(this.object, (_instance, { storage }) => {
      const rows = storage.sql.exec<{ value: string }>("SELECT value FROM part WHERE name = 'wake'").toArray();
      return rows[0]?.value ?? "";
    });
  }

  /** Makes the object what it is when it was lost before it stored what came after that row. */
  async loseSince(wakeRow: string): Promise<void> {
    await runInDurableObject(this.object, (_instance, { storage }) => {
      storage.sql.exec("UPDATE part SET value = ? WHERE name = 'wake'", wakeRow);
    });
    await this.evict();
  }

  /** The wake as it is stored. */
  async wake(): Promise<WakeState> {
    return runInDurableObject(this.object, (_instance, { storage }) => {
      const row = storage.sql.exec<{ value: string }>("SELECT value FROM part WHERE name = 'wake'").toArray()[0];
      return row === undefined ? ASLEEP : (JSON.parse(row.value) as { readonly state: WakeState }).state;
    });
  }

  /** Waits until the wake is in one of these phases. */
  async reaches(...kinds: readonly WakePhase["kind"][]): Promise<WakeState> {
    for (;;) {
      const wake = await this.wake();
      if (kinds.includes(wake.phase.kind)) return wake;
      await scheduler.wait(2);
    }
  }

  /** What a stream of the project, which has to be there, says of itself. */
  async streamPosition(path: string): Promise<{ readonly incarnation: string; readonly tail: number }> {
    const position = await env.STREAMS.getByName(`${this.name.project}/${path}`).position();
    if (position.kind !== "linked") throw new Error(`the stream ${path} is ${position.kind}`);
    return position;
  }

  /** Where the cursor of a stream stands, and how far the stream is known. */
  async cursor(path: string): Promise<readonly [acked: number, tail: number] | undefined> {
    const { streams } = await this.describe("", 1000);
    const link = streams.find((stream) => stream.path === path);
    return link === undefined ? undefined : [link.acked, link.tail];
  }

  /** What the object has stored. */
  async record(): Promise<{ readonly incarnation: string; readonly secret: string }> {
    return runInDurableObject(this.object, (_instance, { storage }) => {
      const row = storage.sql.exec<{ value: string }>("SELECT value FROM part WHERE name = 'record'").toArray()[0];
      if (row === undefined) throw new Error("there is no such subscription");
      return JSON.parse(row.value) as { readonly incarnation: string; readonly secret: string };
    });
  }
}

type Acks = Readonly<Record<string, number>>;
