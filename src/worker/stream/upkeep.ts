import type { SegmentLimits } from "../../protocol/segment/limits.ts";
import { backoffMs } from "../segments/backoff.ts";
import { isSealingDue, isSealingOverdue } from "../segments/plan.ts";
import { advancePurge } from "../segments/purge.ts";
import type { Release } from "../storage/release-rows.ts";
import type { Notices } from "./notices.ts";
import { Pace } from "./pace.ts";
import type { Registrar } from "./registrar.ts";
import { sealOne, type SealingSurroundings } from "../segments/seal.ts";
import { streamDeadlineMs, type StreamState } from "./state.ts";

/** Most segments made in one alarm, and how long it goes on with the next one: then the object gets to do something else. */
const SEGMENTS_PER_ALARM = 64;
const ALARM_MAX_MS = 10_000;

/**
 * After a round of sealing the next one waits four times as long as that one took, and at most two seconds, so that it
 * takes a fifth of the time. While writers are fast it waits for them to pause, and looks that often whether they have:
 * a burst is taken in first and becomes segments after it, larger ones instead of more. It waits no longer than until the
 * hot log is overdue.
 */
const REST_FACTOR = 4;
const REST_MAX_MS = 2000;

/** Soonest that an expiry alarm is set again for a stream that its live readers keep alive. */
const EXPIRY_MIN_DELAY_MS = 1000;

/** How soon a fork that is being made is looked after again. */
const MAKING_MIN_DELAY_MS = 10_000;

export interface UpkeepSurroundings extends SealingSurroundings {
  /** `undefined` when the Worker's variables are wrong: then nothing is sealed until they are right. */
  readonly limits: SegmentLimits | undefined;
  /** Gives a reference back to the source that a fork of this name took it from; throws when that cannot be reached. */
  readonly release: (release: Release) => Promise<void>;
  /** Whether the fork that a reference is for is only just being made. */
  readonly isMaking: (incarnation: string) => boolean;
  readonly registrar: Pick<Registrar, "run">;
  readonly notices: Pick<Notices, "tell" | "dueAtMs">;
  /** Removes what is stored when neither a stream nor anything to do for an earlier one is left. */
  readonly nothingLeft: () => Promise<void>;
}

/**
 * What a stream's object does by itself, later: ending at its time, sealing its hot log, telling the directory and
 * subscriptions what they could not be told at once, and, for streams of its name that ended, removing what is left of them
 * from R2 and giving back what they held of their sources. An object has one alarm,
 * which is set to whatever is due first; everything that decides about it is stored, so that any alarm, late or doubled,
 * does what is due and sets the next.
 */
export class Upkeep {
  readonly #around: UpkeepSurroundings;
  /** When the alarm will come, as far as this awakening of the object knows. */
  #alarmAtMs: number | undefined;
  /** Whether the alarm that is set, or under way, will look at the hot log: then appends have nothing to decide. */
  #isSealingScheduled = false;
  #restUntilMs = 0;
  readonly #pace = new Pace();
  #running: Promise<void> | undefined;

  constructor(around: UpkeepSurroundings) {
    this.#around = around;
  }

  /**
   * Takes up, after waking, what may have been cut short: an alarm that failed too often is dropped by the platform. A
   * stream with nothing to seal or purge costs nothing here, and one whose time is over ends when it is asked for.
   */
  resume(): void {
    const { storage, state, notices } = this.#around;
    const current = state();
    const isSealingWanted = current !== undefined && this.#isSealingWanted(current);
    if (storage.hasQueued || isSealingWanted || notices.dueAtMs(Date.now()) !== undefined) {
      notices.tell();
      this.schedule();
    } else if (current === undefined && storage.isUsed) {
      this.#setAlarm(Date.now());
    }
  }

  /** Sets the alarm for a stream that was created, that ended, or that grew past what its hot log may hold. */
  schedule(): void {
    const nowMs = Date.now();
    const dueAtMs = this.#nextDueMs(nowMs);
    if (dueAtMs === undefined) return;
    this.#setAlarm(Math.max(dueAtMs, nowMs));
  }

  /** Sees to it that the alarm comes until then, in Unix milliseconds, whatever becomes of the object. Called in the append's commit. */
  comeBy(latestMs: number): void {
    if (this.#alarmAtMs === undefined || this.#alarmAtMs > latestMs) this.schedule();
  }

  #setAlarm(atMs: number): void {
    if (this.#alarmAtMs !== undefined && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    this.#around.storage.setAlarm(atMs);
  }

  /** Sets the alarm when the hot log has to be sealed. Called after every append, so it asks nothing of storage twice. */
  appended(state: StreamState): void {
    const { limits } = this.#around;
    const nowMs = Date.now();
    this.#pace.grew(state, nowMs);
    if (limits === undefined) return;
    const isResting = this.#isSealingScheduled && nowMs < this.#restEndMs(nowMs);
    const hasToAct = isResting
      ? isSealingOverdue(state, limits)
      : !this.#isSealingScheduled && isSealingDue(state, limits);
    if (!hasToAct) return;
    if (isResting) this.#restUntilMs = 0;
    else if (this.#isToWait(state, limits, nowMs)) this.#restUntilMs = nowMs + REST_MAX_MS;
    this.schedule();
  }

  /** Forgets the alarm that was set, because everything stored is gone and the alarm with it. */
  forget(): void {
    this.#alarmAtMs = undefined;
    this.#isSealingScheduled = false;
  }

  /**
   * Does what is due. Called by the alarm, after an expired stream was ended. An alarm that comes while another is under
   * way waits for that one, which looks at the end whether more is due: two at a time would undo each other's steps.
   */
  run(): Promise<void> {
    this.#alarmAtMs = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const endsAtMs = Date.now() + ALARM_MAX_MS;
    try {
      this.#around.notices.tell();
      await this.#release();
      await this.#purge(endsAtMs);
      await this.#seal(endsAtMs);
      await this.#around.registrar.run();
      await this.tidy();
    } finally {
      this.#isSealingScheduled = false;
    }
    this.schedule();
  }

  async #seal(endsAtMs: number): Promise<void> {
    const { limits, state } = this.#around;
    const startedAtMs = Date.now();
    if (limits === undefined || startedAtMs < this.#restEndMs(startedAtMs)) return;
    for (let made = 0; made < SEGMENTS_PER_ALARM; made++) {
      const nowMs = Date.now();
      const current = state();
      if (current !== undefined && this.#isToWait(current, limits, nowMs)) {
        this.#restUntilMs = nowMs + REST_MAX_MS;
        return;
      }
      if ((await sealOne(this.#around, limits)) !== "sealed" || Date.now() >= endsAtMs) break;
    }
    const endedAtMs = Date.now();
    this.#restUntilMs = endedAtMs + Math.min(REST_MAX_MS, REST_FACTOR * (endedAtMs - startedAtMs));
  }

  /** When sealing has rested. Further ahead than a rest is long, that was said before the clock was put back. */
  #restEndMs(nowMs: number): number {
    return this.#restUntilMs - nowMs > REST_MAX_MS ? 0 : this.#restUntilMs;
  }

  /** Whether what is due to be sealed waits for the writers to pause, as things are at this moment. */
  isDeferred(state: StreamState): boolean {
    const { limits } = this.#around;
    return limits !== undefined && this.#isToWait(state, limits, Date.now());
  }

  /** Whether sealing is better done after what is going on. */
  #isToWait(state: StreamState, limits: SegmentLimits, nowMs: number): boolean {
    return this.#pace.isFast(state, nowMs) && !isSealingOverdue(state, limits);
  }

  async #purge(endsAtMs: number): Promise<void> {
    const { storage, bucket } = this.#around;
    const nowMs = Date.now();
    for (const purge of storage.purges.all().filter(({ dueAtMs }) => dueAtMs <= nowMs)) {
      const next = await advancePurge(bucket, purge, endsAtMs);
      storage.transaction(() => {
        if (next === undefined) storage.purges.remove(purge.incarnation);
        else storage.purges.put(next);
      });
      if (Date.now() >= endsAtMs) break;
    }
  }

  async #release(): Promise<void> {
    const { storage, release, isMaking } = this.#around;
    const nowMs = Date.now();
    for (const due of storage.releases.all().filter(({ dueAtMs }) => dueAtMs <= nowMs)) {
      if (isMaking(due.incarnation)) continue;
      try {
        await release(due);
        storage.releases.remove(due.incarnation);
      } catch (error) {
        const failures = due.failures + 1;
        console.error(`A fork's reference to ${due.source} could not be given back, and will be later:`, error);
        storage.releases.put({ ...due, failures, dueAtMs: Date.now() + backoffMs(failures, Math.random()) });
      }
    }
  }

  /** When nothing is left to do, nothing is left: not a table of what once was. */
  async tidy(): Promise<void> {
    const { storage, state, nothingLeft } = this.#around;
    if (state() === undefined && !storage.hasAftermath) await nothingLeft();
  }

  #nextDueMs(nowMs: number): number | undefined {
    const { storage, state, isMaking, notices } = this.#around;
    const current = state();
    const releases = storage.releases.all().map(({ incarnation, dueAtMs }) => {
      // Should the object be lost while it makes the fork, the alarm finds what it left.
      return isMaking(incarnation) ? Math.max(dueAtMs, nowMs + MAKING_MIN_DELAY_MS) : dueAtMs;
    });
    const queued = [...storage.purges.all(), ...storage.registrations.all()].map(({ dueAtMs }) => dueAtMs);
    const due = [...queued, ...releases];
    if (storage.remains?.isListed === true) due.push(nowMs);
    const noticesDueAtMs = notices.dueAtMs(nowMs);
    if (noticesDueAtMs !== undefined) due.push(noticesDueAtMs);
    this.#isSealingScheduled = current !== undefined && this.#isSealingWanted(current);
    if (this.#isSealingScheduled) {
      due.push(Math.max(storage.segments.intent()?.nextAttemptAtMs ?? 0, this.#restEndMs(nowMs)));
    }
    const deadlineMs = current === undefined ? undefined : streamDeadlineMs(current);
    if (deadlineMs !== undefined) due.push(deadlineMs <= nowMs ? nowMs + EXPIRY_MIN_DELAY_MS : deadlineMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #isSealingWanted(state: StreamState): boolean {
    const { limits, storage } = this.#around;
    return limits !== undefined && (isSealingDue(state, limits) || storage.segments.intent() !== undefined);
  }
}
