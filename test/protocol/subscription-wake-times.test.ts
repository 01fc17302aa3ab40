import { describe, expect, test } from "vitest";
import { DELIVERY_PAUSE_MAX_MS } from "../../src/protocol/limits.ts";
import {
  ASLEEP,
  isCurrent,
  stepWake,
  WAKE_EVENT_REPEAT_MS,
  wakeDueMs,
  type WakeState,
} from "../../src/protocol/subscription/wake.ts";
import { deliveryPauseMs } from "../../src/protocol/subscription/wake-pause.ts";
import { judgeAck } from "../../src/protocol/subscription/ack.ts";
import { around, LEASE_MS, NOW_MS, PULL_WAKE_STATES, WEBHOOK_STATES } from "./wakes.ts";

function stateOf(states: Readonly<Record<string, WakeState>>, name: string): WakeState {
  const state = states[name];
  if (state === undefined) throw new Error(`there is no state ${name}`);
  return state;
}

describe("wake: when it goes on by itself", () => {
  test("wake: a webhook's lease begins when its wake is issued, anew with the answer, and a callback extends it", () => {
    const issued = stepWake(ASLEEP, { kind: "noticed" }, around()).state;
    expect(issued.phase).toMatchObject({ kind: "sending", leaseEndsAtMs: NOW_MS + LEASE_MS });
    const sent = stepWake(issued, { kind: "delivered", wakeId: "w6" }, around({ nowMs: NOW_MS + 500 })).state;
    expect(wakeDueMs(sent)).toBe(NOW_MS + 500 + LEASE_MS);
    const acked = { kind: "acked", wakeId: "w6", generation: 1, done: false, hasMoved: true } as const;
    expect(wakeDueMs(stepWake(sent, acked, around({ nowMs: NOW_MS + 900 })).state)).toBe(NOW_MS + 900 + LEASE_MS);
  });

  test("wake: an event that nobody claims is written again, as the same wake, and ever so often", () => {
    const pull = { type: "pull-wake" } as const;
    const sending = stateOf(PULL_WAKE_STATES, "sending");
    const sent = stepWake(sending, { kind: "delivered", wakeId: "w5" }, around(pull)).state;
    const dueAtMs = NOW_MS + WAKE_EVENT_REPEAT_MS;
    expect(wakeDueMs(sent)).toBe(dueAtMs);
    const again = stepWake(sent, { kind: "ticked" }, around({ ...pull, nowMs: dueAtMs }));
    expect(again).toMatchObject({
      deliver: true,
      state: { generation: 5, phase: { kind: "sending", wake: { id: "w5" } } },
    });
    const later = around({ ...pull, nowMs: dueAtMs + 1 });
    expect(wakeDueMs(stepWake(again.state, { kind: "delivered", wakeId: "w5" }, later).state)).toBe(
      dueAtMs + 1 + WAKE_EVENT_REPEAT_MS,
    );
  });

  test("wake: a pull-wake's lease begins when it is claimed, and an ack extends it", () => {
    const pull = { type: "pull-wake" } as const;
    const sent = stateOf(PULL_WAKE_STATES, "sent");
    const held = stepWake(sent, { kind: "claimed", worker: "w" }, around({ ...pull, nowMs: NOW_MS + 500 })).state;
    expect(wakeDueMs(held)).toBe(NOW_MS + 500 + LEASE_MS);
    const acked = { kind: "acked", wakeId: "w5", generation: 5, done: false, hasMoved: true } as const;
    expect(wakeDueMs(stepWake(held, acked, around({ ...pull, nowMs: NOW_MS + 900 })).state)).toBe(
      NOW_MS + 900 + LEASE_MS,
    );
  });

  test.each([
    { ms: -1, isCurrent: true },
    { ms: 0, isCurrent: false },
  ])("wake: $ms ms after its lease ends a request for it is current: $isCurrent", ({ ms, isCurrent: expected }) => {
    const held = stateOf(PULL_WAKE_STATES, "held");
    const nowMs = (wakeDueMs(held) ?? 0) + ms;
    expect(isCurrent(held, { wakeId: "w5", generation: 5 }, { type: "pull-wake", nowMs })).toBe(expected);
  });

  test("wake: a delivery that fails is repeated with the same wake after a pause, however often", () => {
    let state = stepWake(ASLEEP, { kind: "noticed" }, around()).state;
    const pauses: number[] = [];
    let nowMs = NOW_MS;
    for (let i = 0; i < 9; i++) {
      const { attempts } = state;
      state = stepWake(state, { kind: "undelivered", attempt: attempts, reason: "no" }, around({ nowMs })).state;
      const dueAtMs = wakeDueMs(state) ?? 0;
      pauses.push(dueAtMs - nowMs);
      nowMs = dueAtMs;
      const step = stepWake(state, { kind: "ticked" }, around({ nowMs, freshId: "never" }));
      expect(step.deliver).toBe(true);
      state = step.state;
      expect(state.phase).toMatchObject({ kind: "sending", wake: { id: "w6", generation: 1 } });
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("wake: when nobody answers in time, nor within the lease, the next attempt is one of another wake, after the pause", () => {
    const sending = stepWake(ASLEEP, { kind: "noticed" }, around({ leaseTtlMs: 1000 })).state;
    const dueAtMs = wakeDueMs(sending) ?? 0;
    expect(dueAtMs).toBeGreaterThan(NOW_MS + around().deliveryTimeoutMs);
    const { state, deliver } = stepWake(sending, { kind: "ticked" }, around({ nowMs: dueAtMs, freshId: "w7" }));
    expect(deliver).toBe(false);
    expect(state).toMatchObject({
      generation: 2,
      phase: { kind: "pausing", wake: { id: "w7" }, dueAtMs: dueAtMs + 1000 },
      failing: { count: 1 },
    });
  });

  test("wake: a lease that is shorter than the answer takes does not end before it, and begins with it", () => {
    const short = (nowMs: number) => around({ nowMs, leaseTtlMs: 1000 });
    const sending = stepWake(ASLEEP, { kind: "noticed" }, short(NOW_MS)).state;
    const wake = { wakeId: "w6", generation: 1 };
    const slow = NOW_MS + 9000;
    expect(stepWake(sending, { kind: "ticked" }, short(slow)).state).toBe(sending);
    expect(isCurrent(sending, wake, short(slow))).toBe(true);
    const sent = stepWake(sending, { kind: "delivered", wakeId: "w6" }, short(slow)).state;
    expect(wakeDueMs(sent)).toBe(slow + 1000);
    expect(isCurrent(sent, wake, short(slow + 999))).toBe(true);
    expect(isCurrent(sent, wake, short(slow + 1000))).toBe(false);
  });

  test("wake: a callback while the delivery is under way does not cut it off, however short the lease is", () => {
    const short = (nowMs: number) => around({ nowMs, leaseTtlMs: 1000 });
    const sending = stepWake(ASLEEP, { kind: "noticed" }, short(NOW_MS)).state;
    const ack = { kind: "acked", wakeId: "w6", generation: 1, done: false, hasMoved: true } as const;
    const acked = stepWake(sending, ack, short(NOW_MS + 100)).state;
    expect(isCurrent(acked, ack, short(NOW_MS + 9000))).toBe(true);
    expect(stepWake(acked, { kind: "ticked" }, short(NOW_MS + 9000)).state).toBe(acked);
  });

  test("wake: of one that is released again and again the next comes after a pause that grows, until a cursor moves", () => {
    const pull = (change: object = {}) => around({ type: "pull-wake", ...change });
    let state = stepWake(ASLEEP, { kind: "noticed" }, pull()).state;
    let nowMs = NOW_MS;
    const release = (hasMoved: boolean): number => {
      const { generation } = state;
      const wakeId = state.phase.kind === "idle" ? "" : state.phase.wake.id;
      const now = pull({ nowMs, freshId: `${wakeId}'` });
      state = stepWake(state, { kind: "delivered", wakeId }, now).state;
      state = stepWake(state, { kind: "claimed", worker: "w" }, now).state;
      if (hasMoved) state = stepWake(state, { kind: "acked", wakeId, generation, done: false, hasMoved }, now).state;
      const step = stepWake(state, { kind: "released", wakeId, generation }, now);
      expect(step.answer).toEqual({ kind: "accepted", nextWake: true });
      expect(step.state.generation).toBe(generation + 1);
      state = step.state;
      const pauseMs = step.deliver ? 0 : (wakeDueMs(state) ?? 0) - nowMs;
      nowMs += pauseMs;
      state = stepWake(state, { kind: "ticked" }, pull({ nowMs })).state;
      expect(state.phase.kind).toBe("sending");
      return pauseMs;
    };
    expect([false, false, false, true, false].map(release)).toEqual([1000, 2000, 4000, 0, 1000]);
  });

  test("wake: what is released without work left leaves nothing that waits", () => {
    const held = stateOf(PULL_WAKE_STATES, "held");
    const pull = around({ type: "pull-wake", hasPending: false });
    const { state } = stepWake(held, { kind: "released", wakeId: "w5", generation: 5 }, pull);
    expect(state).toMatchObject({ phase: { kind: "idle" }, failing: undefined });
    expect(stepWake(state, { kind: "noticed" }, around({ type: "pull-wake" })).deliver).toBe(true);
  });

  test.each(["webhook", "pull-wake"] as const)(
    "wake: of a %s that is said to be done with nothing acknowledged, the next comes after a pause that grows, until a cursor moves",
    (type) => {
      let state = stepWake(ASLEEP, { kind: "noticed" }, around({ type })).state;
      let nowMs = NOW_MS;
      /** Delivers the wake that there is, and says that it is done; gives how long the next one waits. */
      const end = (hasMoved: boolean): number => {
        const { generation } = state;
        const wakeId = state.phase.kind === "idle" ? "" : state.phase.wake.id;
        const now = around({ type, nowMs, freshId: `${wakeId}'` });
        state = stepWake(state, { kind: "delivered", wakeId }, now).state;
        expect(state.failing).toBeUndefined();
        state = stepWake(state, { kind: "claimed", worker: "w" }, now).state;
        const step = stepWake(state, { kind: "acked", wakeId, generation, done: true, hasMoved }, now);
        expect(step.answer).toEqual({ kind: "accepted", nextWake: true });
        expect(step.deliver).toBe(hasMoved);
        state = step.state;
        const pauseMs = step.deliver ? 0 : (wakeDueMs(state) ?? 0) - nowMs;
        nowMs += pauseMs;
        state = stepWake(state, { kind: "ticked" }, around({ type, nowMs })).state;
        return pauseMs;
      };
      expect([false, false, false, true, false].map(end)).toEqual([1000, 2000, 4000, 0, 1000]);
    },
  );

  test("wake: a worker that claims within that pause, and gets on, waits no longer", () => {
    const pull = (change: object = {}) => around({ type: "pull-wake", ...change });
    const ack = { kind: "acked", wakeId: "w5", generation: 5, done: true } as const;
    const paused = stepWake(stateOf(PULL_WAKE_STATES, "held"), { ...ack, hasMoved: false }, pull()).state;
    expect(paused.phase).toMatchObject({ kind: "pausing", dueAtMs: NOW_MS + 1000 });
    const held = stepWake(paused, { kind: "claimed", worker: "w" }, pull()).state;
    const next = { ...ack, wakeId: "w6", generation: 6, hasMoved: true };
    expect(stepWake(held, next, pull({ freshId: "w7" })).deliver).toBe(true);
  });

  test("wake: what an earlier callback of the wake acknowledged counts when it is said to be done", () => {
    const sent = stateOf(WEBHOOK_STATES, "sent");
    const ack = { kind: "acked", wakeId: "w5", generation: 5 } as const;
    const acked = stepWake(sent, { ...ack, done: false, hasMoved: true }, around()).state;
    expect(stepWake(acked, { ...ack, done: true, hasMoved: false }, around()).deliver).toBe(true);
  });

  test("wake: a wake that succeeds ends the failures", () => {
    const { state } = stepWake(stateOf(WEBHOOK_STATES, "pausing"), { kind: "delivered", wakeId: "w5" }, around());
    expect(state.failing).toBeUndefined();
  });

  test.each([
    { random: 0, ms: 800 },
    { random: 0.5, ms: 1000 },
    { random: 1, ms: 1200 },
  ])("wake: the first pause is a second, a fifth more or less: $ms ms", ({ random, ms }) => {
    expect(deliveryPauseMs(1, random)).toBe(ms);
  });

  test("wake: no pause is longer than a minute and its fifth, after any number of failures", () => {
    for (const failures of [7, 50, 2000]) expect(deliveryPauseMs(failures, 1)).toBe(DELIVERY_PAUSE_MAX_MS * 1.2);
  });
});

describe("ack: where a cursor may move", () => {
  test.each([
    { offset: 4, judged: "back" },
    { offset: 5, judged: "right" },
    { offset: 9, judged: "right" },
    { offset: 10, judged: "past-tail" },
  ])("ack: with 5 acked and 9 there, $offset is $judged", ({ offset, judged }) => {
    expect(judgeAck({ acked: 5, tail: 9 }, offset)).toBe(judged);
  });
});
