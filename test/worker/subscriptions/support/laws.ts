import { hasPending } from "../../../../src/protocol/subscription/ack.ts";
import { ASLEEP, type WakeState } from "../../../../src/protocol/subscription/wake.ts";
import type { LinkRow, StoredRecord } from "../../../../src/worker/subscriptions/record.ts";
import type { SubscriptionStorage } from "../../../../src/worker/subscriptions/subscription-storage.ts";

/** A cursor that moved: what lies between was acknowledged. */
export interface Move {
  readonly subscription: string;
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

interface Facts {
  /** Is the greatest tail that a stream of this path can have. */
  readonly tailMax: (path: string) => number;
  readonly onMove: (move: Move) => void;
}

/** What was seen of one subscription so far. */
class Seen {
  wake: WakeState = ASLEEP;
  links = new Map<string, LinkRow>();
  /** Of each generation. */
  readonly wakeIds = new Map<number, string>();
  readonly holders = new Map<number, string>();
}

/**
 * What may never be otherwise, of all that subscriptions store, looked at after each of their commits: the object is not
 * woken for it.
 */
export class Laws {
  readonly broken: string[] = [];
  readonly #facts: Facts;
  readonly #seen = new Map<string, Seen>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  look(record: StoredRecord, storage: SubscriptionStorage): void {
    const about = `${record.id} ${record.incarnation}`;
    const seen = this.#seen.get(about) ?? new Seen();
    this.#seen.set(about, seen);
    const links = storage.linksAfter("", 1000);
    const { state } = storage.wake() ?? { state: ASLEEP };
    for (const problem of [...this.#cursorProblems(record, seen, links), ...wakeProblems(record, seen, state, links)])
      this.broken.push(`${record.id.slice(0, 4)}: ${problem}`);
    seen.wake = state;
    seen.links = new Map(links.map((link) => [link.path, link]));
  }

  *#cursorProblems({ id }: StoredRecord, { links: before }: Seen, links: readonly LinkRow[]): Generator<string> {
    for (const link of links) {
      const { path, acked, tail, incarnation } = link;
      const where = `the cursor of ${path}`;
      if (acked > tail) yield `${where} is at ${String(acked)}, past the tail ${String(tail)}`;
      const most = this.#facts.tailMax(path);
      if (tail > most) yield `the tail of ${path} is ${String(tail)}, and ${String(most)} messages were sent at most`;
      const last = before.get(path);
      if (last?.incarnation !== incarnation) continue;
      if (acked < last.acked) yield `${where} went back from ${String(last.acked)} to ${String(acked)}`;
      if (tail < last.tail) yield `the tail of ${path} went back from ${String(last.tail)} to ${String(tail)}`;
      if (acked > last.acked) this.#facts.onMove({ subscription: id, path, from: last.acked, to: acked });
    }
  }
}

function* wakeProblems(
  { making, config }: StoredRecord,
  seen: Seen,
  { generation, phase }: WakeState,
  links: readonly LinkRow[],
): Generator<string> {
  if (generation < seen.wake.generation) {
    yield `the generation fell from ${String(seen.wake.generation)} to ${String(generation)}`;
  }
  if (phase.kind === "idle") {
    if (making === undefined && links.some(hasPending)) yield "there is pending work and no wake";
    return;
  }
  const { wake } = phase;
  if (wake.generation !== generation) yield `the wake is of ${String(wake.generation)}, not ${String(generation)}`;
  if ((seen.wakeIds.get(generation) ?? wake.id) !== wake.id) yield `there were two wakes of ${String(generation)}`;
  seen.wakeIds.set(generation, wake.id);
  if (phase.kind !== "held") return;
  if (config.type === "webhook") yield "somebody holds a webhook's wake";
  const before = seen.wake.phase;
  const isNew = before.kind !== "held" || before.wake.id !== wake.id || before.holder !== phase.holder;
  if (isNew && seen.holders.has(generation)) {
    yield `${phase.holder} holds ${String(generation)}, which ${seen.holders.get(generation) ?? ""} held before`;
  }
  seen.holders.set(generation, phase.holder);
}
