import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasPending, judgeAck, type Cursor } from "../../src/protocol/subscription/ack.ts";
import type { SubscriptionType } from "../../src/protocol/subscription/config.ts";
import {
  ASLEEP,
  failureOf,
  isCurrent,
  stepWake,
  wakeDueMs,
  type Wake,
  type WakeEvent,
  type WakeState,
  type WakeStep,
} from "../../src/protocol/subscription/wake.ts";
import { around, NOW_MS } from "./wakes.ts";

/** What may happen, in any order. `back` chooses among the wakes that there were: 0 is the last. */
type Happening =
  | { readonly kind: "append" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "crash" }
  | { readonly kind: "claim"; readonly worker: string }
  | { readonly kind: "delivered" | "finished" | "released"; readonly back: number }
  | { readonly kind: "undelivered"; readonly back: number }
  | { readonly kind: "acked"; readonly back: number; readonly offset: number; readonly done: boolean };

const back = fc.nat({ max: 2 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant("append" as const) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 500, 1000, 12_000, 31_000, 80_000, 700_000) }),
  fc.record({ kind: fc.constant("crash" as const) }),
  fc.record({ kind: fc.constant("claim" as const), worker: fc.constantFrom("a", "b") }),
  fc.record({ kind: fc.constantFrom("delivered" as const, "finished" as const, "released" as const), back }),
  fc.record({ kind: fc.constant("undelivered" as const), back }),
  fc.record({ kind: fc.constant("acked" as const), back, offset: fc.nat({ max: 12 }), done: fc.boolean() }),
);

/** A subscription to one stream, which holds every step against the invariants. */
class World {
  readonly type: SubscriptionType;
  nowMs = NOW_MS;
  state: WakeState = ASLEEP;
  cursor: Cursor = { acked: 0, tail: 0 };
  readonly wakes: Wake[] = [];
  readonly holders = new Map<number, string>();
  /** Since the wake that there is began. */
  hasMoved = false;
  ids = 0;

  constructor(type: SubscriptionType) {
    this.type = type;
  }

  happen(what: Happening): void {
    const wake = this.wakes.at(-1 - ("back" in what ? what.back : 0)) ?? { id: "none", generation: 0 };
    const request = { wakeId: wake.id, generation: wake.generation };
    switch (what.kind) {
      case "append":
        this.cursor = { ...this.cursor, tail: this.cursor.tail + 1 };
        this.step({ kind: "noticed" });
        return;
      case "wait":
        this.nowMs += what.ms;
        this.step({ kind: "ticked" });
        return;
      case "crash":
        this.step({ kind: "resumed" });
        return;
      case "claim":
        if (this.type === "pull-wake") this.#claim(what.worker);
        return;
      case "delivered":
        this.step({ kind: "delivered", wakeId: wake.id });
        return;
      case "finished":
        this.#finished(wake);
        return;
      case "undelivered":
        this.step({ kind: "undelivered", attempt: this.state.attempts - what.back, reason: "no" });
        return;
      case "released":
        this.step({ kind: "released", ...request });
        return;
      case "acked":
        this.#acked(request, what.offset, what.done);
    }
  }

  /** I6: who is not current changes nothing; then the acks of those who are. */
  #acked(request: { readonly wakeId: string; readonly generation: number }, offset: number, done: boolean): void {
    const mayAck = isCurrent(this.state, request, this);
    const hasMoved = mayAck && judgeAck(this.cursor, offset) === "right" && this.#ack(offset);
    const before = this.state;
    const { answer } = this.step({ kind: "acked", ...request, done, hasMoved });
    expect(answer.kind).toBe(mayAck ? "accepted" : "fenced");
    if (!mayAck) expect(this.state).toBe(before);
  }

  #claim(worker: string): void {
    const { answer } = this.step({ kind: "claimed", worker });
    if (answer.kind !== "claimed") return;
    // I3
    expect(this.holders.has(answer.wake.generation)).toBe(false);
    this.holders.set(answer.wake.generation, worker);
  }

  #finished(wake: Wake): void {
    const hasMoved = this.type === "webhook" && this.#is(wake) && this.#ack(this.cursor.tail);
    this.step({ kind: "finished", wakeId: wake.id, hasMoved });
  }

  /** Whether the cursor moved. */
  #ack(offset: number): boolean {
    const { acked } = this.cursor;
    // I4
    expect(offset).toBeGreaterThanOrEqual(acked);
    this.cursor = { ...this.cursor, acked: offset };
    this.hasMoved ||= offset > acked;
    return offset > acked;
  }

  #is(wake: Wake): boolean {
    const { phase } = this.state;
    return phase.kind !== "idle" && phase.wake.id === wake.id;
  }

  step(event: WakeEvent): WakeStep {
    const before = this.state;
    const pending = hasPending(this.cursor);
    const surroundings = { type: this.type, nowMs: this.nowMs, hasPending: pending, freshId: `w${String(++this.ids)}` };
    const step = stepWake(before, event, around(surroundings));
    this.state = step.state;
    this.#hold(before, step, pending, event);
    if (step.state.generation > before.generation) this.hasMoved = false;
    return step;
  }

  #hold(before: WakeState, { state, deliver }: WakeStep, pending: boolean, event: WakeEvent): void {
    const { phase } = state;
    // I1 and I2: a wake that is not the one before has a generation of its own.
    expect(state.generation).toBeGreaterThanOrEqual(before.generation);
    if (phase.kind !== "idle") {
      expect(phase.wake.generation).toBe(state.generation);
      const known = this.wakes.at(-1);
      if (known?.id !== phase.wake.id) {
        expect(phase.wake.generation).toBeGreaterThan(known?.generation ?? 0);
        this.wakes.push(phase.wake);
      }
    }
    // I5
    if (pending) expect(phase.kind).not.toBe("idle");
    // I7
    expect(wakeDueMs(state) === undefined).toBe(phase.kind === "idle");
    if (phase.kind !== "idle") expect(wakeDueMs(state)).toBeGreaterThan(this.nowMs);
    // I8 and I9
    if (deliver) {
      expect(phase.kind).toBe("sending");
      expect(this.nowMs).toBeGreaterThanOrEqual(state.failing?.nextAttemptAtMs ?? 0);
      if (before.phase.kind === "pausing" && event.kind === "ticked")
        expect(phase).toMatchObject({ wake: before.phase.wake });
    }
    // I10
    const isSaidDone = event.kind === "finished" || (event.kind === "acked" && event.done);
    if (isSaidDone && before.phase.kind !== "idle" && state.generation > before.generation && deliver)
      expect(this.hasMoved).toBe(true);
    // I12
    const isRepeated = phase.kind === "sending" || phase.kind === "pausing";
    if (phase.kind === "pausing") expect(failureOf(state)).toBeDefined();
    if (!isRepeated) expect(failureOf(state)).toBeUndefined();
    expect(state.attempts).toBe(before.attempts + (deliver ? 1 : 0));
  }
}

describe.each(["webhook", "pull-wake"] as const)("wake of a %s", (type) => {
  test("its invariants hold whatever happens, in any order", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const world = new World(type);
        for (const what of happenings) world.happen(what);
      }),
      { numRuns: 1000 },
    );
  });

  test("once everything answers, all pending work is done, whatever happened before", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        const world = new World(type);
        for (const what of happenings) world.happen(what);
        for (let i = 0; i < 8 && world.state.phase.kind !== "idle"; i++) settle(world);
        expect(hasPending(world.cursor)).toBe(false);
        expect(world.state.phase.kind).toBe("idle");
      }),
      { numRuns: 500 },
    );
  });
});

/** What a server, a receiver and a worker that are well do with what there is. */
function settle(world: World): void {
  world.happen({ kind: "wait", ms: 80_000 });
  if (world.type === "webhook") {
    world.happen({ kind: "finished", back: 0 });
    return;
  }
  world.happen({ kind: "delivered", back: 0 });
  world.happen({ kind: "claim", worker: "a" });
  world.happen({ kind: "acked", back: 0, offset: world.cursor.tail, done: true });
}
