import { LEASE_DEFAULT_MS, WAKE_STREAMS_MAX, WEBHOOK_TIMEOUT_MS } from "../../protocol/limits.ts";
import { encodeHex } from "../../protocol/hex.ts";
import {
  ASLEEP,
  stepWake,
  wakeDueMs,
  type WakeAnswer,
  type WakeEvent,
  type WakeState,
} from "../../protocol/subscription/wake.ts";
import { Links } from "./links.ts";
import { LeftOut } from "./left-out.ts";
import type { LinkRow, SnapshotStream, StoredRecord, StoredWake } from "./record.ts";
import type { SubscriptionStorage } from "./subscription-storage.ts";

/** Most bytes of paths in one wake: it is stored in one row. */
const SNAPSHOT_MAX_BYTES = 512 * 1024;

const NO_WAKE: StoredWake = { state: ASLEEP, snapshot: [] };
const encoder = new TextEncoder();

/**
 * What is stored of a subscription, remembered. Everything that changes it happens in a commit: one transaction, which
 * also sets the alarm, and only after which anything is sent. So the object may be lost at any time.
 */
export class Subscription {
  readonly storage: SubscriptionStorage;
  readonly links: Links;
  readonly leftOut: LeftOut;
  /** Begins to deliver the wake that there is, instead of whatever is being delivered. */
  readonly #deliver: () => void;
  #record: StoredRecord | undefined;
  #wake: StoredWake = NO_WAKE;
  #isLoaded = false;
  /** When the alarm will come, as far as is known. */
  #alarmAtMs: number | undefined;
  #hasToDeliver = false;
  readonly #ended = new Set<string>();
  #hadNoNews = false;
  /** Whether no wake has changed since the object came into memory. */
  #isFresh = true;

  constructor(storage: SubscriptionStorage, deliver: () => void) {
    this.storage = storage;
    this.links = new Links(storage);
    this.leftOut = new LeftOut(storage);
    this.#deliver = deliver;
  }

  get record(): StoredRecord | undefined {
    this.#load();
    return this.#record;
  }

  get wake(): StoredWake {
    this.#load();
    return this.#wake;
  }

  /** What is told of the alarm: that it is set, or, with `undefined`, that it came. */
  alarmIsAt(atMs: number | undefined): void {
    this.#alarmAtMs = atMs;
  }

  /** Runs `write` as one transaction; then the alarm is set to what is due first, and what is to be delivered is. */
  commit<T>(write: () => T): T {
    this.#hasToDeliver = false;
    const result = this.#transaction(() => {
      const written = write();
      this.schedule();
      return written;
    });
    if (this.#mustDeliver()) this.#deliver();
    return result;
  }

  /** Only within a commit. */
  putRecord(record: StoredRecord): void {
    this.storage.putRecord(record);
    this.#record = record;
  }

  /** Only within a commit: the subscription is no more. */
  remove(): void {
    this.storage.removeParts();
    this.#record = undefined;
    this.#wake = NO_WAKE;
    this.#hadNoNews = false;
    this.links.forget();
    this.leftOut.forget();
  }

  /**
   * The last generation that somebody has been told the streams of: what it acks is not about a stream whose link begins
   * now. A wake of a pull-wake tells of them when it is claimed.
   */
  get toldGeneration(): number {
    const { generation, phase } = this.wake.state;
    const isUnclaimed = this.record?.config.type === "pull-wake" && phase.kind !== "held" && phase.kind !== "idle";
    return isUnclaimed ? generation - 1 : generation;
  }

  /** Only within a commit: what happens to the wake. Nothing is written when nothing changes. */
  step(event: WakeEvent): WakeAnswer {
    const { state: before, snapshot, ended } = this.wake;
    const step = stepWake(before, event, this.#surroundings());
    const isChanged = step.state !== before;
    if (isChanged) {
      const isSameWake = step.state.generation === before.generation && step.state.phase.kind !== "idle";
      this.#wake = {
        state: step.state,
        snapshot: step.deliver ? this.#snapshot(step.state) : kept(step.state, snapshot),
        ...(isSameWake && ended !== undefined ? { ended } : {}),
      };
      this.storage.putWake(this.#wake);
      this.#hadNoNews = false;
      this.#isFresh = false;
    }
    if (step.deliver) {
      this.#hasToDeliver = true;
      this.#tellOf(this.#wake);
    }
    return step.answer;
  }

  /** A stream has ended: whatever it told before and that comes later is out of date. Known as long as the object is in memory. */
  streamEnded(incarnation: string): void {
    this.#ended.delete(incarnation);
    this.#ended.add(incarnation);
    const [oldest] = this.#ended;
    if (oldest !== undefined && this.#ended.size > ENDED_MAX) this.#ended.delete(oldest);
  }

  hasEnded(incarnation: string): boolean {
    return this.#ended.has(incarnation);
  }

  /** Only within a commit: what the wake that there is told of this path is not about a later stream of it. */
  pathEnded(path: string): void {
    const { state, ended = [] } = this.wake;
    const isTold = this.record?.config.type === "webhook" ? state.phase.kind !== "idle" : state.phase.kind === "held";
    if (!isTold || ended.includes(path) || ended.length >= ENDED_PATHS_MAX) return;
    this.#wake = { ...this.#wake, ended: [...ended, path] };
    this.storage.putWake(this.#wake);
  }

  /** Whether the wake that there is may have told of a stream of this path which has ended since, and no other has its link. */
  isOver(path: string, link: LinkRow | undefined): boolean {
    return (link === undefined || link.incarnation === null) && this.wake.ended?.includes(path) === true;
  }

  /** Whether the streams were asked for news since the last wake, and had none. What comes later they tell. */
  get hadNoNews(): boolean {
    this.#load();
    return this.#hadNoNews;
  }

  /**
   * Only within a commit: remembers {@link hadNoNews}. A row is written only where the object had been out of memory: there a
   * worker asks so seldom that it would be so each time.
   */
  streamsHadNoNews(): void {
    const { state } = this.wake;
    if (this.#hadNoNews || state.phase.kind !== "idle") return;
    this.#hadNoNews = true;
    if (this.#isFresh) this.storage.putWake({ ...this.wake, hadNoNews: true });
  }

  /** Sets the alarm to what is due first, unless it comes sooner anyway. One that should have come a while ago never will. */
  schedule(): void {
    const dueAtMs = this.#nextDueMs();
    const nowMs = Date.now();
    const isSet = this.#alarmAtMs !== undefined && this.#alarmAtMs > nowMs - ALARM_LATE_MS;
    if (dueAtMs === undefined || (isSet && this.#alarmAtMs !== undefined && this.#alarmAtMs <= dueAtMs)) return;
    this.#alarmAtMs = Math.max(dueAtMs, nowMs);
    this.storage.setAlarm(this.#alarmAtMs);
  }

  /** Removes all that is stored, when neither a subscription nor anything to do for an earlier one is left. */
  async tidy(): Promise<void> {
    if (this.record !== undefined || !this.storage.hasTables || this.storage.farewells().length > 0) return;
    this.#alarmAtMs = undefined;
    this.links.forget();
    await this.storage.destroy();
  }

  /**
   * A webhook's delivery that is repeated tells of streams which came to be since the wake was issued: acks of it are about
   * those, unless an earlier attempt told of another stream of the path. All attempts have one token.
   */
  #tellOf({ state: { generation }, snapshot, ended = [] }: StoredWake): void {
    if (this.record?.config.type !== "webhook" || ended.length >= ENDED_PATHS_MAX) return;
    for (const { path } of snapshot) {
      if (ended.includes(path)) continue;
      const link = this.links.get(path);
      if (link !== undefined && link.begun >= generation) this.links.put({ ...link, begun: generation - 1 }, link);
    }
  }

  /** What is remembered of a transaction that failed is forgotten with it. */
  #transaction<T>(write: () => T): T {
    const alarmAtMs = this.#alarmAtMs;
    try {
      return this.storage.transaction(write);
    } catch (error) {
      this.#isLoaded = false;
      this.#alarmAtMs = alarmAtMs;
      this.links.forget();
      this.leftOut.forget();
      throw error;
    }
  }

  #mustDeliver(): boolean {
    return this.#hasToDeliver && this.wake.state.phase.kind === "sending";
  }

  #load(): void {
    if (this.#isLoaded) return;
    this.#record = this.storage.record();
    this.#wake = this.storage.wake() ?? NO_WAKE;
    this.#hadNoNews = this.#wake.hadNoNews === true;
    this.#isLoaded = true;
  }

  #surroundings(): Parameters<typeof stepWake>[2] {
    const { config, making } = this.record ?? {};
    return {
      type: config?.type ?? "webhook",
      leaseTtlMs: config?.leaseTtlMs ?? LEASE_DEFAULT_MS,
      deliveryTimeoutMs: WEBHOOK_TIMEOUT_MS,
      nowMs: Date.now(),
      // Nobody is woken before the subscription is made.
      hasPending: config !== undefined && making === undefined && this.links.havePending,
      freshId: `w_${encodeHex(crypto.getRandomValues(new Uint8Array(16)))}`,
      random: Math.random(),
    };
  }

  #snapshot({ generation }: WakeState): SnapshotStream[] {
    const limit = this.record?.config.type === "webhook" ? WAKE_STREAMS_MAX : 1;
    let bytes = 0;
    return this.links.pending(limit, generation).filter(({ path }: LinkRow) => {
      bytes += encoder.encode(path).byteLength;
      return bytes <= SNAPSHOT_MAX_BYTES;
    });
  }

  #nextDueMs(): number | undefined {
    const due = this.storage.farewells().map(({ dueAtMs }) => dueAtMs);
    const { record } = this;
    if (record !== undefined) {
      due.push(wakeDueMs(this.wake.state) ?? Infinity);
      if (record.making !== undefined) due.push(record.making.dueAtMs);
      else if (this.links.areJoining) due.push(Date.now() + JOINING_AGAIN_MS);
    }
    const first = Math.min(...due, Infinity);
    return first === Infinity ? undefined : first;
  }
}

/** How late an alarm may be before it counts as lost. */
const ALARM_LATE_MS = 10_000;

/** Ends of streams that are remembered. */
const ENDED_MAX = 1000;

/** Paths of them that are stored with a wake, in the row of what it told: with the longest ones both have room there. */
const ENDED_PATHS_MAX = 100;

/** When the alarm takes up links that should have been told of at once. */
const JOINING_AGAIN_MS = 10_000;

/** What was told of a wake is kept until the wake is over. */
function kept({ phase }: WakeState, snapshot: readonly SnapshotStream[]): readonly SnapshotStream[] {
  return phase.kind === "idle" || phase.kind === "held" ? [] : snapshot;
}
