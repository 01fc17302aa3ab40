import type { SubscriptionType } from "./config.ts";
import { deliveryPauseMs } from "./wake-pause.ts";

/**
 * The wake of a subscription (section 7) as a pure function from a state and an event to the next state. Who calls it
 * stores the state before it does what the step asks for; so whatever is lost in between is done again.
 *
 * - I1: the generation never falls, and every wake has a higher one than all before it.
 * - I2: there is at most one wake.
 * - I3: no two workers ever hold the same generation.
 * - I4: cursors never go back (`judgeAck`).
 * - I5: with pending work there always is a wake.
 * - I6: what is asked, or answered, for a wake that is not the current one changes nothing.
 * - I7: every wake has a time at which it goes on by itself. An event that nobody answers with a claim is written again
 *   then: the wake stream may have been deleted, or made anew, since.
 * - I8: after a failed delivery nothing is sent before the time that was set for the next attempt, unless the receiver
 *   shows that it is well.
 * - I9: an attempt that is repeated is one of the same wake, until the lease of the wake ends.
 * - I10: a wake that is said to be done, or given up, and for which no cursor moved though there is work, is followed by the
 *   next after a pause that grows: a faulty receiver or worker must not keep everything busy for nothing.
 * - I11: the lease of a webhook's wake does not end while a delivery of it is under way, however short it is, and begins anew
 *   with the answer.
 * - I12: a failure is told of only while something is repeated because of it (`failureOf`): not once the wake is delivered,
 *   claimed or over.
 */

/** How long the answer to a delivery is waited for beyond its own limit, before it counts as lost with the object that sent it. */
const ANSWER_SLACK_MS = 2000;

/** How long a wake event lies unclaimed before it is written again. Where it still lies that writes nothing. */
export const WAKE_EVENT_REPEAT_MS = 10 * 60 * 1000;

export interface Wake {
  /** Unique, so that a request for one wake is never taken for one of another. */
  readonly id: string;
  readonly generation: number;
}

export type WakePhase =
  /** No wake: there is no pending work. */
  | { readonly kind: "idle" }
  /** The webhook is being called, or the wake event written. Only a webhook has a lease yet (section 7.3). */
  | {
      readonly kind: "sending";
      readonly wake: Wake;
      readonly attempt: number;
      readonly answerByMs: number;
      readonly leaseEndsAtMs: number | undefined;
    }
  /** A delivery failed, and is repeated then. Nobody works, so no lease runs. */
  | { readonly kind: "pausing"; readonly wake: Wake; readonly dueAtMs: number }
  /** The webhook's receiver has the wake, or the event lies in the wake stream for whoever claims it. */
  | {
      readonly kind: "sent";
      readonly wake: Wake;
      readonly leaseEndsAtMs: number | undefined;
      /** Of an event. */
      readonly repeatAtMs?: number;
    }
  /** A worker claimed the wake. */
  | { readonly kind: "held"; readonly wake: Wake; readonly holder: string; readonly leaseEndsAtMs: number };

/** That deliveries fail at the moment, or wakes lead to nothing. */
interface Failing {
  /** How many in a row. */
  readonly count: number;
  /** Why the last one did, in one sentence. */
  readonly reason: string;
  readonly nextAttemptAtMs: number;
}

export interface WakeState {
  /** Of the last wake; 0 before the first. */
  readonly generation: number;
  /** Deliveries that were begun, of all wakes. */
  readonly attempts: number;
  readonly phase: WakePhase;
  readonly failing: Failing | undefined;
  /** Whether a cursor moved for the wake that there is. */
  readonly hasMoved?: boolean;
  /** How many wakes, since a cursor last moved, were said to be done, or given up, with work left. */
  readonly fruitless?: number;
}

export const ASLEEP: WakeState = { generation: 0, attempts: 0, phase: { kind: "idle" }, failing: undefined };

export type WakeEvent =
  /** There may be something new. */
  | { readonly kind: "noticed" }
  /** Time went on: a lease may have ended, an attempt may be due. */
  | { readonly kind: "ticked" }
  /** The object is new in memory: a delivery that was under way is lost, or at least its answer. */
  | { readonly kind: "resumed" }
  /** The webhook answered that it has the wake, or the wake event is written. */
  | { readonly kind: "delivered"; readonly wakeId: string }
  /** The webhook answered that all of the wake is done. */
  | { readonly kind: "finished"; readonly wakeId: string; readonly hasMoved: boolean }
  /** `attempt`: which one failed, by {@link WakeState.attempts}. */
  | { readonly kind: "undelivered"; readonly attempt: number; readonly reason: string }
  | { readonly kind: "claimed"; readonly worker: string }
  /**
   * A callback or an ack, whose acks are applied already: only {@link isCurrent} requests get here with any. `hasMoved`:
   * whether a cursor did by it.
   */
  | {
      readonly kind: "acked";
      readonly wakeId: string;
      readonly generation: number;
      readonly done: boolean;
      readonly hasMoved: boolean;
    }
  | { readonly kind: "released"; readonly wakeId: string; readonly generation: number };

/** What a step depends upon besides state and event. */
export interface WakeSurroundings {
  readonly type: SubscriptionType;
  readonly leaseTtlMs: number;
  /** How long a delivery may take, in milliseconds. */
  readonly deliveryTimeoutMs: number;
  readonly nowMs: number;
  /** Whether any linked stream has messages past its cursor, after what the event did to the cursors. */
  readonly hasPending: boolean;
  /** The id of the next wake, should there be one. */
  readonly freshId: string;
  /** From 0 to 1. */
  readonly random: number;
}

export type WakeAnswer =
  | { readonly kind: "nothing" }
  | { readonly kind: "fenced" }
  | { readonly kind: "already-claimed"; readonly holder: string; readonly generation: number }
  | { readonly kind: "no-work" }
  | { readonly kind: "claimed"; readonly wake: Wake }
  /** `nextWake`: whether another wake follows. */
  | { readonly kind: "accepted"; readonly nextWake: boolean };

export interface WakeStep {
  /** The same object as before when nothing changed. */
  readonly state: WakeState;
  /** Whether the current wake is to be delivered now. */
  readonly deliver: boolean;
  readonly answer: WakeAnswer;
}

/** What an event comes to. Time is looked at first: a lease that ended is over, however late the alarm is. */
export function stepWake(before: WakeState, event: WakeEvent, around: WakeSurroundings): WakeStep {
  const ticked = tick(before, around);
  const { state, answer } = apply(ticked, event, around);
  const settled = state.phase.kind === "idle" && around.hasPending ? issue(state, around) : state;
  const deliver = settled.phase.kind === "sending" && settled.attempts > before.attempts;
  if (answer.kind !== "accepted") return { state: settled, deliver, answer };
  return { state: settled, deliver, answer: { ...answer, nextWake: settled.generation > ticked.generation } };
}

/** Whether a request names the wake that there is, and comes from whoever may speak for it (section 7.3). */
export function isCurrent(
  { phase }: WakeState,
  request: { readonly wakeId: string; readonly generation: number },
  { type, nowMs }: Pick<WakeSurroundings, "type" | "nowMs">,
): boolean {
  if (phase.kind === "idle" || (phase.kind === "held") !== (type === "pull-wake")) return false;
  if (phase.wake.id !== request.wakeId || phase.wake.generation !== request.generation) return false;
  return phase.kind === "pausing" || phase.leaseEndsAtMs === undefined || nowMs < phase.leaseEndsAtMs;
}

/** When the state goes on by itself, in Unix milliseconds. */
export function wakeDueMs({ phase }: WakeState): number | undefined {
  switch (phase.kind) {
    case "idle":
      return undefined;
    case "sending":
      return phase.answerByMs;
    case "pausing":
      return phase.dueAtMs;
    case "sent":
      return phase.leaseEndsAtMs ?? phase.repeatAtMs;
    case "held":
      return phase.leaseEndsAtMs;
  }
}

/**
 * What an operator is told is wrong at the moment (`status`, section 6.3). Why the event of a wake could not be written is kept
 * beyond that: a worker that claims it all the same says nothing about the wake stream.
 */
export function failureOf({ phase, failing }: WakeState): Failing | undefined {
  return phase.kind === "sending" || phase.kind === "pausing" ? failing : undefined;
}

type Applied = Pick<WakeStep, "state" | "answer">;

function tick(state: WakeState, around: WakeSurroundings): WakeState {
  const { phase } = state;
  const dueAtMs = wakeDueMs(state);
  if (dueAtMs === undefined || around.nowMs < dueAtMs) return state;
  switch (phase.kind) {
    case "idle":
      return state;
    case "sending": {
      const failed = fail(state, phase.wake, "Nobody answered in time.", around);
      // The token of this wake works no longer, so the next attempt is one of another wake.
      return around.nowMs < (phase.leaseEndsAtMs ?? Infinity) ? failed : { ...failed, phase: { kind: "idle" } };
    }
    case "pausing":
      return around.hasPending ? send(state, phase.wake, around) : asleep(state);
    case "sent":
      if (around.type === "pull-wake" && around.hasPending) return send(state, phase.wake, around);
      return { ...state, phase: { kind: "idle" } };
    case "held":
      return { ...state, phase: { kind: "idle" } };
  }
}

function apply(state: WakeState, event: WakeEvent, around: WakeSurroundings): Applied {
  const { phase } = state;
  switch (event.kind) {
    case "noticed":
    case "ticked":
      return unanswered(state);
    case "resumed":
      return unanswered(phase.kind === "sending" ? send(state, phase.wake, around) : state);
    case "delivered":
      return unanswered(hasWake(phase, event) ? delivered(state, around) : state);
    case "finished":
      return unanswered(around.type === "webhook" && hasWake(phase, event) ? done(moved(state, event), around) : state);
    case "undelivered":
      return unanswered(
        phase.kind === "sending" && phase.attempt === event.attempt
          ? fail(state, phase.wake, event.reason, around)
          : state,
      );
    case "claimed":
      return claim(state, event.worker, around);
    case "acked":
      if (!isCurrent(state, event, around)) return { state, answer: { kind: "fenced" } };
      return accepted(event.done ? done(moved(state, event), around) : extend(moved(state, event), around));
    case "released":
      if (phase.kind !== "held" || !isCurrent(state, event, around)) return { state, answer: { kind: "fenced" } };
      return accepted(endedBy(state, RELEASED, around));
  }
}

/** A new wake. It waits when the last delivery failed a moment ago. */
function issue(state: WakeState, around: WakeSurroundings): WakeState {
  const wake = { id: around.freshId, generation: state.generation + 1 };
  const issued = { ...state, generation: wake.generation, hasMoved: false };
  const notBeforeMs = state.failing?.nextAttemptAtMs ?? 0;
  return around.nowMs < notBeforeMs
    ? { ...issued, phase: { kind: "pausing", wake, dueAtMs: notBeforeMs } }
    : send(issued, wake, around);
}

/** Every attempt of a webhook begins the lease anew: before it, nobody could have begun to work. */
function send(state: WakeState, wake: Wake, around: WakeSurroundings): WakeState {
  const attempt = state.attempts + 1;
  const answerByMs = around.nowMs + around.deliveryTimeoutMs + ANSWER_SLACK_MS;
  const leaseEndsAtMs = around.type === "webhook" ? leaseWhileSending(answerByMs, around) : undefined;
  return { ...state, attempts: attempt, phase: { kind: "sending", wake, attempt, answerByMs, leaseEndsAtMs } };
}

/** A receiver that takes its time to answer works, and must not be cut off by the next wake. */
function leaseWhileSending(answerByMs: number, { nowMs, leaseTtlMs }: WakeSurroundings): number {
  return Math.max(answerByMs, nowMs + leaseTtlMs);
}

function fail(state: WakeState, wake: Wake, reason: string, { nowMs, random }: WakeSurroundings): WakeState {
  const count = (state.failing?.count ?? 0) + 1;
  const nextAttemptAtMs = nowMs + deliveryPauseMs(count, random);
  return {
    ...state,
    phase: { kind: "pausing", wake, dueAtMs: nextAttemptAtMs },
    failing: { count, reason, nextAttemptAtMs },
  };
}

function hasWake(phase: WakePhase, { wakeId }: { readonly wakeId: string }): boolean {
  return phase.kind !== "idle" && phase.wake.id === wakeId;
}

/** An answer that comes so late that it already counted as lost, or after a worker took the wake, is an answer all the same. */
function delivered(state: WakeState, around: WakeSurroundings): WakeState {
  const { phase, failing } = state;
  switch (phase.kind) {
    case "sending":
    case "pausing":
      return { ...state, phase: sent(phase.wake, around), failing: undefined };
    case "idle":
    case "sent":
    case "held":
      return failing === undefined ? state : { ...state, failing: undefined };
  }
}

/** No callback can have extended the lease past the one that begins with the answer. */
function sent(wake: Wake, { type, nowMs, leaseTtlMs }: WakeSurroundings): WakePhase {
  return type === "webhook"
    ? { kind: "sent", wake, leaseEndsAtMs: nowMs + leaseTtlMs }
    : { kind: "sent", wake, leaseEndsAtMs: undefined, repeatAtMs: nowMs + WAKE_EVENT_REPEAT_MS };
}

function asleep(state: WakeState): WakeState {
  return { ...state, phase: { kind: "idle" }, failing: undefined };
}

/** Work goes on, so no pause for the lack of it is left. */
function moved(state: WakeState, { hasMoved }: { readonly hasMoved: boolean }): WakeState {
  if (!hasMoved) return state;
  return { ...withoutFruitlessness(state), hasMoved, fruitless: 0 };
}

/** Forgets the pause for a wake that led to nothing, and why; but not how often it did. */
function withoutFruitlessness(state: WakeState): WakeState {
  const { reason } = state.failing ?? {};
  return reason === DONE || reason === RELEASED ? { ...state, failing: undefined } : state;
}

/** Whoever finishes a webhook's wake is well; a worker of a pull-wake says nothing about the wake stream. */
function done(state: WakeState, around: WakeSurroundings): WakeState {
  return endedBy(around.type === "webhook" ? { ...state, failing: undefined } : state, DONE, around);
}

/** Whoever had the wake has ended it. The next one waits where nothing came of this one. */
function endedBy(state: WakeState, reason: string, around: WakeSurroundings): WakeState {
  const ended: WakeState = { ...state, phase: { kind: "idle" } };
  return around.hasPending && state.hasMoved !== true ? fruitless(ended, reason, around) : ended;
}

/** Counted apart from failures: a delivery that succeeds says nothing about what becomes of the wake. */
function fruitless(state: WakeState, reason: string, { nowMs, random }: WakeSurroundings): WakeState {
  const count = (state.fruitless ?? 0) + 1;
  const nextAttemptAtMs = nowMs + deliveryPauseMs(count, random);
  return { ...state, fruitless: count, failing: { count, reason, nextAttemptAtMs } };
}

const DONE = "The last wake was said to be done, and nothing of the pending work was acknowledged.";
const RELEASED = "The last worker released the wake, and nothing of the pending work was acknowledged.";

/** A callback shows that the receiver has the wake, whatever became of the answer to the delivery. */
function extend(state: WakeState, around: WakeSurroundings): WakeState {
  const leaseEndsAtMs = around.nowMs + around.leaseTtlMs;
  const { phase } = state;
  switch (phase.kind) {
    case "idle":
      return state;
    case "pausing":
      return { ...state, phase: { kind: "sent", wake: phase.wake, leaseEndsAtMs }, failing: undefined };
    case "sending":
      return { ...state, phase: { ...phase, leaseEndsAtMs: leaseWhileSending(phase.answerByMs, around) } };
    case "sent":
    case "held":
      return { ...state, phase: { ...phase, leaseEndsAtMs } };
  }
}

/** Takes the wake that there is, its event written or not; without one, a new one that no event tells of. Nobody claims a webhook's. */
function claim(state: WakeState, worker: string, around: WakeSurroundings): Applied {
  const { phase } = state;
  if (around.type === "webhook") return { state, answer: { kind: "no-work" } };
  if (phase.kind === "held") {
    return { state, answer: { kind: "already-claimed", holder: phase.holder, generation: phase.wake.generation } };
  }
  if (!around.hasPending) {
    return { state: phase.kind === "idle" ? state : asleep(state), answer: { kind: "no-work" } };
  }
  const wake = phase.kind === "idle" ? { id: around.freshId, generation: state.generation + 1 } : phase.wake;
  const leaseEndsAtMs = around.nowMs + around.leaseTtlMs;
  // Until a wake is claimed no cursor can have moved for it. What the last worker did is not what this one will do.
  const claimed = { ...withoutFruitlessness(state), generation: wake.generation, hasMoved: false };
  return {
    state: { ...claimed, phase: { kind: "held", wake, holder: worker, leaseEndsAtMs } },
    answer: { kind: "claimed", wake },
  };
}

function unanswered(state: WakeState): Applied {
  return { state, answer: { kind: "nothing" } };
}

function accepted(state: WakeState): Applied {
  return { state, answer: { kind: "accepted", nextWake: false } };
}
