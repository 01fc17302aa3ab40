import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { SUBSCRIPTION_LINKS_MAX } from "../../protocol/limits.ts";
import { deliveryPauseMs } from "../../protocol/subscription/wake-pause.ts";
import { isStillThere, join, joinMatching, TooManyLinks } from "./joining.ts";
import type { Peers } from "./peers.ts";
import type { StoredRecord } from "./record.ts";
import type { Subscription } from "./subscription.ts";

/** Streams that are asked of the directory at a time. */
const PAGE = 200;

/** Links that are made before the alarm goes on with the rest: the platform bounds the requests of one event. */
const SLICE = 1000;

/** How soon the alarm takes up what should have gone on by itself. */
const SAFETY_MS = 10_000;

/** How long what was asked of the directory, and given up, may still be under way. */
const LATE_PUT_MS = 60_000;

export const TOO_MANY_LINKS = protocolError(
  "TOO_MANY_LINKS",
  `The subscription would be linked to more than ${String(SUBSCRIPTION_LINKS_MAX)} streams; use a narrower pattern, or several subscriptions.`,
);

/** Refused: the subscription is not made, and is gone again. Gone: it was deleted while it was made. */
export type MakingOutcome =
  { readonly kind: "made" } | { readonly kind: "gone" } | { readonly kind: "refused"; readonly error: ProtocolError };

const GONE: MakingOutcome = { kind: "gone" };

interface Waiting {
  /** Of the subscription that is waited for: while one is made it may be deleted, and another of its id begun. */
  readonly incarnation: string;
  readonly resolve: (outcome: MakingOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes a subscription: puts it into the directory, so that streams of later link themselves, then links the streams that
 * there are. How far it got is stored, and the alarm goes on with it.
 */
export class Maker {
  readonly #subscription: Subscription;
  readonly #peers: Peers;
  /** Undoes what was made of a subscription that is refused. */
  readonly #dismiss: (record: StoredRecord) => Promise<void>;
  #running: Promise<void> | undefined;
  #waiting: Waiting[] = [];

  constructor(subscription: Subscription, peers: Peers, dismiss: (record: StoredRecord) => Promise<void>) {
    this.#subscription = subscription;
    this.#peers = peers;
    this.#dismiss = dismiss;
  }

  /** Begins, or goes on, and waits until the subscription is made. Rejects when it has to go on later. */
  made({ incarnation }: StoredRecord): Promise<MakingOutcome> {
    const made = new Promise<MakingOutcome>((resolve, reject) => this.#waiting.push({ incarnation, resolve, reject }));
    void this.goOn();
    return made;
  }

  /** Does a bounded part of what is left. Never rejects. */
  goOn(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** It was deleted when the directory took too long: what was asked of it may still arrive, and is then taken back. */
  mayBeListed({ project, id, incarnation }: StoredRecord): void {
    const { storage } = this.#subscription;
    this.#subscription.commit(() => {
      storage.makeTables();
      storage.putFarewell({ project, id, incarnation, failures: 0, dueAtMs: Date.now() + LATE_PUT_MS });
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      const { record } = this.#subscription;
      if (record?.making === undefined) {
        this.#tellAll(record);
        return;
      }
      await this.#advance(record);
      // Otherwise another one of the id may wait to be made.
      if (isStillThere(this.#subscription, record)) return;
    }
  }

  async #advance(record: StoredRecord): Promise<void> {
    try {
      const outcome = await this.#slice(record).catch((error: unknown) => {
        if (error instanceof TooManyLinks) return this.#refuse(record, error.error);
        throw error;
      });
      if (outcome === undefined) return;
      this.#tell(record, (waiting) => {
        waiting.resolve(outcome);
      });
    } catch (error) {
      if (!isStillThere(this.#subscription, record)) this.mayBeListed(record);
      console.error("A subscription could not be linked to all of its streams yet, and will be later:", error);
      this.#postpone(record);
      this.#tell(record, (waiting) => {
        waiting.reject(error);
      });
    }
  }

  /** `undefined` when there is more to do. */
  async #slice(record: StoredRecord): Promise<MakingOutcome | undefined> {
    const { id, incarnation, project, config, createdAtMs } = record;
    const { type, pattern, wakeStream } = config;
    const listed = { id, incarnation, type, pattern, wakeStream, createdAtMs };
    const put = await this.#peers.putSubscription(project, listed);
    if (!isStillThere(this.#subscription, record)) return this.#withdraw(record);
    if (put.kind === "refused") return this.#refuse(record, put.error);
    // By its clock the one before it is younger. It has ended, and goes when the directory has heard so.
    if (put.kind === "outdated") throw new Error("The directory still lists an earlier subscription of the id.");
    let budget = SLICE;
    budget -= await join(this.#subscription, this.#peers, record, budget);
    while (pattern !== undefined && budget > 0 && isStillThere(this.#subscription, record)) {
      const page = await this.#page(record, pattern);
      if (page === "too-many") return this.#refuse(record, TOO_MANY_LINKS);
      if (page.isLast) return this.#complete(record);
      budget -= page.links;
    }
    if (!isStillThere(this.#subscription, record)) return GONE;
    if (pattern === undefined && !this.#subscription.links.areJoining) return this.#complete(record);
    this.#change({ dueAtMs: Date.now(), failures: 0 });
    return undefined;
  }

  async #page(record: StoredRecord, pattern: string): Promise<"too-many" | { isLast: boolean; links: number }> {
    const after = this.#subscription.record?.making?.after ?? "";
    const page = await this.#peers.matching(record.project, pattern, after, PAGE);
    if (!isStillThere(this.#subscription, record)) return { isLast: true, links: 0 };
    const { wakeStream } = record.config;
    // A wake event in it would be the next thing to wake for.
    const paths = page.streams.map(({ path }) => path).filter((path) => path !== wakeStream);
    if (this.#subscription.links.count + paths.length > SUBSCRIPTION_LINKS_MAX) return "too-many";
    const store = await joinMatching(this.#subscription, this.#peers, record, paths);
    if (!isStillThere(this.#subscription, record)) return { isLast: true, links: 0 };
    this.#subscription.commit(() => {
      store();
      if (page.more) this.#putMaking({ after: page.after, failures: 0, dueAtMs: Date.now() + SAFETY_MS });
    });
    // Even a page without a match took requests.
    return { isLast: !page.more, links: Math.max(1, paths.length) };
  }

  #complete(made: StoredRecord): MakingOutcome {
    const { record } = this.#subscription;
    if (record === undefined || !isStillThere(this.#subscription, made)) return GONE;
    const { making: _, ...whole } = record;
    this.#subscription.commit(() => {
      this.#subscription.putRecord(whole);
      this.#subscription.step({ kind: "noticed" });
    });
    return { kind: "made" };
  }

  /** It was deleted while the directory took it in, which may have been told of that first. */
  async #withdraw(record: StoredRecord): Promise<MakingOutcome> {
    const { id, incarnation } = record;
    await this.#peers.removeSubscription(record, { id, incarnation });
    return GONE;
  }

  async #refuse(record: StoredRecord, error: ProtocolError): Promise<MakingOutcome> {
    if (isStillThere(this.#subscription, record)) await this.#dismiss(record);
    return { kind: "refused", error };
  }

  #postpone(record: StoredRecord): void {
    if (!isStillThere(this.#subscription, record)) return;
    const failures = (this.#subscription.record?.making?.failures ?? 0) + 1;
    this.#change({ failures, dueAtMs: Date.now() + deliveryPauseMs(failures, Math.random()) });
  }

  #change(making: Partial<NonNullable<StoredRecord["making"]>>): void {
    this.#subscription.commit(() => {
      this.#putMaking(making);
    });
  }

  #putMaking(making: Partial<NonNullable<StoredRecord["making"]>>): void {
    const { record } = this.#subscription;
    if (record?.making === undefined) return;
    this.#subscription.putRecord({ ...record, making: { ...record.making, ...making } });
  }

  /** Tells those who wait for this one. */
  #tell({ incarnation }: StoredRecord, tell: (waiting: Waiting) => void): void {
    const all = this.#waiting;
    this.#waiting = all.filter((waiting) => waiting.incarnation !== incarnation);
    for (const waiting of all) if (waiting.incarnation === incarnation) tell(waiting);
  }

  /** Nothing is being made: one that waits waits for what is made, or for what is gone. */
  #tellAll(record: StoredRecord | undefined): void {
    for (const { incarnation, resolve } of this.#waiting.splice(0)) {
      resolve(incarnation === record?.incarnation ? { kind: "made" } : GONE);
    }
  }
}

/** Nothing looked at yet. */
export function newMaking(nowMs: number): NonNullable<StoredRecord["making"]> {
  return { after: "", failures: 0, dueAtMs: nowMs + SAFETY_MS };
}
