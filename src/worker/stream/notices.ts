import { NOTICE_PATIENCE_MS, NOTICE_PAUSE_MS } from "../../protocol/limits.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import { backoffMs } from "../segments/backoff.ts";
import { withinTime } from "../segments/within-time.ts";
import type { Link } from "../storage/link-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { Notice, NoticeOutcome } from "../subscriptions/operations.ts";
import type { StreamState } from "./state.ts";
import { splitStreamName } from "./stream-name.ts";

/** Notices that are under way at the same time, to as many subscriptions. */
const AT_ONCE = 32;

/** How long after something is due the alarm looks whether it was told: an object that is lost meanwhile tells nobody. */
const NET_MS = 10_000;

export interface NoticesSurroundings {
  readonly storage: Pick<StreamStorage, "links">;
  readonly state: () => StreamState | undefined;
  /** Throws when the subscription cannot be reached. */
  readonly notify: (notice: Notice) => Promise<NoticeOutcome>;
  /** Sets the alarm to what is due first. */
  readonly schedule: () => void;
  /** A subscription knows that a stream of this name has ended, and its link is gone. */
  readonly farewellSaid: () => void;
}

/**
 * Tells the linked subscriptions what was appended, and that the stream ended. At most one notice to a subscription is under
 * way; what comes meanwhile goes into the next, after a pause. How far each was told is stored, so nothing is lost with the
 * object's memory; the same may be told twice.
 */
export class Notices {
  readonly #around: NoticesSurroundings;
  readonly #underWay = new Set<string>();
  /** Those of them that were linked again meanwhile. */
  readonly #linkedMeanwhile = new Set<string>();
  /** Those that were told a moment ago. */
  readonly #resting = new Set<string>();

  constructor(around: NoticesSurroundings) {
    this.#around = around;
  }

  /** Whether an append is news to anybody. */
  get areWanted(): boolean {
    return this.#around.storage.links.areThere;
  }

  /**
   * When the alarm has to look after notices, in Unix milliseconds; `undefined` when there are none to be given. What can be
   * told now is being told.
   */
  dueAtMs(nowMs: number): number | undefined {
    const due = this.#untold().map(({ dueAtMs }) => (dueAtMs <= nowMs ? nowMs + NET_MS : dueAtMs));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** The latest time that the alarm may come for something that is news now. */
  static latestMs(nowMs: number): number {
    return nowMs + NET_MS;
  }

  /** A subscription asked to be linked: the answer to a notice that is under way may be older than that. */
  linked({ id }: SubscriptionRef): void {
    if (this.#underWay.has(id)) this.#linkedMeanwhile.add(id);
  }

  /** Begins to tell whoever is due, and goes on by itself until nobody is. */
  tell(): void {
    const nowMs = Date.now();
    for (const link of this.#untold()) {
      if (this.#underWay.size >= AT_ONCE) return;
      const { subscription, dueAtMs } = link;
      if (dueAtMs > nowMs || this.#underWay.has(subscription) || this.#resting.has(subscription)) continue;
      this.#underWay.add(subscription);
      void this.#tellOne(link);
    }
  }

  /** Links whose subscription does not know everything; that a stream ended comes before what is new in the next one. */
  #untold(): Link[] {
    const { state, storage } = this.#around;
    const { links } = storage;
    if (!links.areThere) return [];
    const current = state();
    const all = links.all();
    const ended = all.filter((link) => !isOf(link, current));
    return [...ended, ...all.filter((link) => isOf(link, current) && link.notified < current.tail)];
  }

  async #tellOne(link: Link): Promise<void> {
    const { subscription } = link;
    const notice = this.#noticeOf(link);
    const outcome = await this.#ask(notice);
    this.#underWay.delete(subscription);
    const isOutdated =
      this.#linkedMeanwhile.delete(subscription) && outcome === "unlinked" && notice.kind === "appended";
    try {
      // Then the next notice is answered by what the subscription is now.
      if (!isOutdated) this.#settle(link, notice, outcome);
    } catch (error) {
      // The alarm is set: it, or the next append, finds the link as it was.
      console.error(`That the subscription ${subscription} was told could not be stored:`, error);
      return;
    }
    this.#resting.add(subscription);
    setTimeout(() => {
      this.#resting.delete(subscription);
      this.tell();
    }, NOTICE_PAUSE_MS);
    this.tell();
  }

  #noticeOf(link: Link): Notice {
    const current = this.#around.state();
    const told = isOf(link, current)
      ? { kind: "appended" as const, tail: current.tail }
      : { kind: "ended" as const, tail: link.notified };
    const { project, path } = splitStreamName(link.stream);
    const { subscription: id, subscriptionIncarnation: subscription, incarnation, linkedFrom } = link;
    return { project, id, subscription, path, incarnation, linkedFrom, sentAtMs: Date.now(), ...told };
  }

  async #ask(notice: Notice): Promise<NoticeOutcome | "failed"> {
    try {
      return await withinTime(NOTICE_PATIENCE_MS, this.#around.notify(notice), `The subscription ${notice.id}`);
    } catch (error) {
      console.error(`The subscription ${notice.id} could not be told, and will be later:`, error);
      return "failed";
    }
  }

  /** Stores what became of a notice, if the link is still the one that it was about. */
  #settle(told: Link, notice: Notice, outcome: NoticeOutcome | "failed"): void {
    const { storage, schedule, farewellSaid } = this.#around;
    const { links } = storage;
    const link = links.find(told.incarnation, told.subscription);
    if (link?.subscriptionIncarnation !== told.subscriptionIncarnation) return;
    if (outcome === "failed") {
      const failures = link.failures + 1;
      links.put({ ...link, failures, dueAtMs: Date.now() + backoffMs(failures, Math.random()) });
      schedule();
    } else if (outcome === "unlinked" || notice.kind === "ended") {
      links.remove(link);
      if (notice.kind === "ended") farewellSaid();
    } else {
      links.put({ ...link, notified: Math.max(link.notified, notice.tail), dueAtMs: 0, failures: 0 });
    }
  }
}

/** Whether the link is one of the stream that is there, and not of one that has ended. */
function isOf({ incarnation }: Link, state: StreamState | undefined): state is StreamState {
  return state?.softDeleted === false && state.incarnation === incarnation;
}
