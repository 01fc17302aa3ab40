import { DurableObject } from "cloudflare:workers";
import { webhookRules } from "../../protocol/subscription/webhook-url.ts";
import type { DirectoryDO } from "../directory/directory-do.ts";
import type { StreamPeer } from "../stream/stream-peer.ts";
import { createSubscription, explicitProblem } from "./create.ts";
import { Deliveries } from "./deliveries.ts";
import { describeSubscription } from "./describe.ts";
import { endSubscription, sayFarewells } from "./farewells.ts";
import { addExplicit, doubtExplicit, join, unname } from "./joining.ts";
import { Maker } from "./making.ts";
import { takeNotice, unwantExplicit } from "./notices.ts";
import type {
  AckOutcome,
  AckRequest,
  ClaimOutcome,
  ClaimRequest,
  CreateSubscription,
  CreateSubscriptionOutcome,
  DeleteSubscriptionOutcome,
  DescribeOutcome,
  MembershipOutcome,
  Notice,
  NoticeOutcome,
  ReleaseOutcome,
  SubscriptionName,
  WakeRequest,
} from "./operations.ts";
import { Peers } from "./peers.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionStorage } from "./subscription-storage.ts";
import { WakeRequests } from "./wake-requests.ts";
import { WebhookSigner } from "./webhook-signature.ts";

/** What a subscription's object needs of its environment. */
export interface SubscriptionEnv {
  STREAMS: DurableObjectNamespace<StreamPeer>;
  DIRECTORY?: DurableObjectNamespace<DirectoryDO>;
  /** `allow` lets webhooks go to `http://localhost` and `http://127.0.0.x`. */
  WEBHOOKS_TO_LOOPBACK?: string;
}

/**
 * One subscription: its cursors and its wake (sections 6 and 7). Its object is named `project/id`. All state lies in the
 * object's SQLite, and everything is stored before anybody is told; what is kept in memory can be lost at any time.
 */
export class SubscriptionDO extends DurableObject<SubscriptionEnv> {
  readonly #subscription: Subscription;
  readonly #peers: Peers;
  readonly #deliveries: Deliveries;
  readonly #maker: Maker;
  readonly #requests: WakeRequests;
  #ready: Promise<void> | undefined;
  /** Changes of explicit links come one after the other: each waits for other objects. */
  #membership: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: SubscriptionEnv) {
    super(ctx, env);
    this.#peers = new Peers(env);
    this.#subscription = new Subscription(new SubscriptionStorage(ctx.storage), () => {
      this.#deliveries.begin();
    });
    this.#deliveries = new Deliveries({
      subscription: this.#subscription,
      rules: webhookRules(env.WEBHOOKS_TO_LOOPBACK),
      signer: new WebhookSigner(() => this.#peers.signingKey(this.#subscription.record?.project ?? "")),
      append: (project, path, request) => this.#peers.append(project, path, request),
      waitUntil: (work) => {
        ctx.waitUntil(work);
      },
    });
    this.#maker = new Maker(this.#subscription, this.#peers, async (record) => {
      endSubscription(this.#subscription, record);
      await sayFarewells(this.#subscription, this.#peers, "all");
    });
    this.#requests = new WakeRequests(this.#subscription, this.#peers);
  }

  async create(request: CreateSubscription): Promise<CreateSubscriptionOutcome> {
    await this.#takeUp();
    return createSubscription(this.#subscription, this.#maker, request);
  }

  /** Linked streams after the path `after`, at most `limit`. */
  async describe(after: string, limit: number): Promise<DescribeOutcome> {
    await this.#takeUp();
    const { record } = this.#subscription;
    if (record === undefined) return { kind: "absent" };
    return { kind: "found", subscription: describeSubscription(this.#subscription, record, after, limit) };
  }

  async delete(name: SubscriptionName): Promise<DeleteSubscriptionOutcome> {
    await this.#takeUp();
    const { record } = this.#subscription;
    if (record === undefined) return { kind: "absent" };
    endSubscription(this.#subscription, { ...name, incarnation: record.incarnation });
    await sayFarewells(this.#subscription, this.#peers, "all");
    if ((record.making?.failures ?? 0) > 0) this.#maker.mayBeListed(record);
    return { kind: "deleted" };
  }

  async addStreams(_name: SubscriptionName, paths: readonly string[]): Promise<MembershipOutcome> {
    await this.#takeUp();
    return this.#changeMembership(async () => {
      const { record } = this.#subscription;
      if (record === undefined) return { kind: "absent" };
      const error = explicitProblem(this.#subscription, paths);
      if (error !== undefined) return { kind: "refused", error };
      return addExplicit(this.#subscription, this.#peers, record, paths);
    });
  }

  async removeStream(_name: SubscriptionName, path: string): Promise<MembershipOutcome> {
    await this.#takeUp();
    return this.#changeMembership(async () => {
      const { record } = this.#subscription;
      if (record === undefined) return { kind: "absent" };
      this.#subscription.commit(() => {
        doubtExplicit(this.#subscription, path);
      });
      const unnamed = await unname(this.#subscription, this.#peers, record, path);
      if (this.#subscription.record?.incarnation !== record.incarnation) return { kind: "absent" };
      this.#subscription.commit(() => {
        unwantExplicit(this.#subscription, path, unnamed);
        this.#subscription.step({ kind: "noticed" });
      });
      return { kind: "done" };
    });
  }

  async claim(request: ClaimRequest): Promise<ClaimOutcome> {
    await this.#takeUp();
    return this.#requests.claim(request);
  }

  /** Acks with the token of a claim: of a pull-wake (section 7.2). */
  async ack(request: AckRequest): Promise<AckOutcome> {
    await this.#takeUp();
    return this.#requests.ack(request);
  }

  /** Acks with the token of a webhook's wake (section 7.1). */
  async callback(request: AckRequest): Promise<AckOutcome> {
    await this.#takeUp();
    return this.#requests.callback(request);
  }

  async release(request: WakeRequest): Promise<ReleaseOutcome> {
    await this.#takeUp();
    return this.#requests.release(request);
  }

  /** What a linked stream has to tell. Never fails because of what is told: whatever throws is told again. */
  async notify(notice: Notice): Promise<NoticeOutcome> {
    await this.#takeUp();
    return takeNotice(this.#subscription, this.#peers, notice);
  }

  /** Does what is due: the end of a lease, a delivery that is repeated, links to make, a farewell to the directory. */
  override async alarm(): Promise<void> {
    this.#subscription.alarmIsAt(undefined);
    await this.#takeUp();
    const subscription = this.#subscription;
    try {
      subscription.alarmIsAt(undefined);
      if (subscription.record !== undefined) subscription.commit(() => subscription.step({ kind: "ticked" }));
      await Promise.all([this.#makeDue(), sayFarewells(subscription, this.#peers, "due")]);
    } finally {
      subscription.schedule();
    }
  }

  async #makeDue(): Promise<void> {
    const { record, links } = this.#subscription;
    if (record === undefined) return;
    if (record.making !== undefined) await this.#maker.goOn();
    else if (links.areJoining) await this.#changeMembership(() => this.#rejoin());
  }

  async #rejoin(): Promise<void> {
    const { record } = this.#subscription;
    if (record === undefined) return;
    try {
      await join(this.#subscription, this.#peers, record, 1000);
    } catch (error) {
      console.error("A subscription's explicit links could not be made yet, and will be later:", error);
    }
  }

  /** What was under way when the object was last in memory is lost, and repeated. */
  #takeUp(): Promise<void> {
    this.#ready ??= this.#wakeUp().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #wakeUp(): Promise<void> {
    const subscription = this.#subscription;
    if (!subscription.storage.hasTables) return;
    subscription.alarmIsAt(await subscription.storage.alarmAtMs());
    if (subscription.record === undefined) subscription.schedule();
    else subscription.commit(() => subscription.step({ kind: "resumed" }));
  }

  #changeMembership<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#membership.then(change);
    this.#membership = changed.catch(() => undefined);
    return changed;
  }
}
