import {
  stepWake,
  type WakeEvent,
  type WakeState,
  type WakeStep,
  type WakeSurroundings,
} from "../../src/protocol/subscription/wake.ts";

/** What more than one test of wakes works with. */

export const NOW_MS = 1_000_000;
export const LEASE_MS = 30_000;
const TIMEOUT_MS = 10_000;
const GENERATION = 5;
const WAKE = { id: "w5", generation: GENERATION };
const BEFORE = { generation: GENERATION, attempts: 9, failing: undefined };
const FAILING = { count: 2, reason: "The webhook answered 500.", nextAttemptAtMs: NOW_MS + 2000 };

const answerByMs = NOW_MS + 9000;
const leaseEndsAtMs = NOW_MS + 20_000;
/** Past every time above. */
const LATE_MS = NOW_MS + 60_000;

/** One of each state that a webhook's wake may be in. */
export const WEBHOOK_STATES: Readonly<Record<string, WakeState>> = {
  idle: { ...BEFORE, phase: { kind: "idle" } },
  "idle after a failure": { ...BEFORE, failing: FAILING, phase: { kind: "idle" } },
  sending: { ...BEFORE, phase: { kind: "sending", wake: WAKE, attempt: 9, answerByMs, leaseEndsAtMs } },
  pausing: {
    ...BEFORE,
    failing: FAILING,
    phase: { kind: "pausing", wake: WAKE, dueAtMs: FAILING.nextAttemptAtMs },
  },
  sent: { ...BEFORE, phase: { kind: "sent", wake: WAKE, leaseEndsAtMs } },
};

const RELEASED = {
  count: 2,
  reason: "The last worker released the wake, and nothing of the pending work was acknowledged.",
  nextAttemptAtMs: FAILING.nextAttemptAtMs,
};

/** The same for a pull-wake's. */
export const PULL_WAKE_STATES: Readonly<Record<string, WakeState>> = {
  idle: { ...BEFORE, phase: { kind: "idle" } },
  sending: { ...BEFORE, phase: { kind: "sending", wake: WAKE, attempt: 9, answerByMs, leaseEndsAtMs: undefined } },
  pausing: {
    ...BEFORE,
    failing: FAILING,
    phase: { kind: "pausing", wake: WAKE, dueAtMs: FAILING.nextAttemptAtMs },
  },
  "pausing after a release": {
    ...BEFORE,
    fruitless: 2,
    failing: RELEASED,
    phase: { kind: "pausing", wake: WAKE, dueAtMs: RELEASED.nextAttemptAtMs },
  },
  sent: { ...BEFORE, phase: { kind: "sent", wake: WAKE, leaseEndsAtMs: undefined, repeatAtMs: NOW_MS + 50_000 } },
  held: { ...BEFORE, phase: { kind: "held", wake: WAKE, holder: "worker-1", leaseEndsAtMs } },
  "held, its event never written": {
    ...BEFORE,
    failing: FAILING,
    phase: { kind: "held", wake: WAKE, holder: "worker-1", leaseEndsAtMs },
  },
};

const current = { wakeId: WAKE.id, generation: GENERATION };
const stale = { wakeId: "w4", generation: GENERATION - 1 };

/** One of each event, for the wake above and for one that is over. */
export const EVENTS: Readonly<Record<string, WakeEvent>> = {
  noticed: { kind: "noticed" },
  ticked: { kind: "ticked" },
  "ticked late": { kind: "ticked" },
  resumed: { kind: "resumed" },
  delivered: { kind: "delivered", wakeId: WAKE.id },
  "delivered, stale": { kind: "delivered", wakeId: stale.wakeId },
  finished: { kind: "finished", wakeId: WAKE.id, hasMoved: true },
  "finished, no cursor moved": { kind: "finished", wakeId: WAKE.id, hasMoved: false },
  "finished, stale": { kind: "finished", wakeId: stale.wakeId, hasMoved: true },
  undelivered: { kind: "undelivered", attempt: 9, reason: "The webhook answered 503." },
  "undelivered, stale": { kind: "undelivered", attempt: 8, reason: "The webhook answered 503." },
  claimed: { kind: "claimed", worker: "worker-2" },
  acked: { kind: "acked", ...current, done: false, hasMoved: true },
  "acked, done": { kind: "acked", ...current, done: true, hasMoved: true },
  "acked, done, no cursor moved": { kind: "acked", ...current, done: true, hasMoved: false },
  "acked late": { kind: "acked", ...current, done: false, hasMoved: false },
  "acked, stale": { kind: "acked", ...stale, done: true, hasMoved: false },
  "acked, another wake of the generation": done("w5'", GENERATION),
  "acked, another generation of the wake": done(WAKE.id, GENERATION + 1),
  released: { kind: "released", ...current },
  "released late": { kind: "released", ...current },
  "released, stale": { kind: "released", ...stale },
};

function done(wakeId: string, generation: number): WakeEvent {
  return { kind: "acked", wakeId, generation, done: true, hasMoved: false };
}

export function around(change: Partial<WakeSurroundings> = {}): WakeSurroundings {
  return {
    type: "webhook",
    leaseTtlMs: LEASE_MS,
    deliveryTimeoutMs: TIMEOUT_MS,
    nowMs: NOW_MS,
    hasPending: true,
    freshId: "w6",
    random: 0.5,
    ...change,
  };
}

/** The step of a cell of the tables. */
export function stepOf(state: WakeState, name: string, surroundings: WakeSurroundings): WakeStep {
  const event = EVENTS[name];
  if (event === undefined) throw new Error(`there is no event ${name}`);
  const nowMs = name.includes("late") ? LATE_MS : surroundings.nowMs;
  return stepWake(state, event, { ...surroundings, nowMs });
}

/** A step in short: `=` for no change, else the phase and the generation; `!` where the wake is to be delivered. */
export function inShort(before: WakeState, { state, deliver, answer }: WakeStep): string {
  const failing = state.failing === undefined ? "" : ` failed ${String(state.failing.count)}`;
  const now = state === before ? "=" : `${state.phase.kind} ${String(state.generation)}${deliver ? "!" : ""}${failing}`;
  switch (answer.kind) {
    case "nothing":
      return now;
    case "accepted":
      return `${now}, accepted${answer.nextWake ? ", next" : ""}`;
    case "claimed":
      return `${now}, claimed ${String(answer.wake.generation)}`;
    case "already-claimed":
    case "no-work":
    case "fenced":
      return `${now}, ${answer.kind}`;
  }
}
