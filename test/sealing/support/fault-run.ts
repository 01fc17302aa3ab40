import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import type { ContentKind } from "../../../src/protocol/content-type.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { runHandler } from "../../worker/support/alarms.ts";
import type { WatchedBucket } from "../../worker/support/bucket.ts";
import { NOTHING_STORED, storedState } from "../../worker/support/object-state.ts";
import { inspect } from "../../worker/support/sealing.ts";
import { freshName, offsetAt, sendTo, StreamClient } from "../../worker/support/stream-client.ts";
import { FAULTS, FaultyStream, type Fault } from "./faults.ts";
import { manifest, objectKeys, requireSegment } from "./sealed-objects.ts";
import { isSame, StreamModel } from "./stream-model.ts";

const decoder = new TextDecoder();

const CONTENT_TYPES: Readonly<Record<ContentKind, string>> = {
  json: "application/json",
  text: "text/plain",
  binary: "application/octet-stream",
};

/** Larger than a row may be, and larger than a segment is with the default limits. */
const TWO_ROWS_BYTES = 2_000_000;
const PAST_A_SEGMENT_BYTES = 4_300_000;

type Step = "append" | "fault" | "alarm" | "alarms" | "crowd" | "evict" | "recreate" | "close";

const WEIGHTS: Readonly<Record<Step, number>> = {
  append: 4,
  fault: 8,
  alarm: 3,
  alarms: 2,
  crowd: 2,
  evict: 2,
  recreate: 0.7,
  close: 0.3,
};

/** One stream that is written, read, sealed and disturbed at random, next to what it has to hold. */
export class FaultRun {
  /** What was done, in order. */
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #kind: ContentKind;
  readonly #stream: StreamClient;
  readonly #faults: FaultyStream;
  #model: StreamModel;
  /** An alarm whose handler threw is run again by the platform. */
  #isAlarmOwed = false;
  #written = 0;
  #large = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#kind = random.pick(["json", "json", "json", "json", "text", "binary"]);
    this.#stream = new StreamClient(freshName("fault"), CONTENT_TYPES[this.#kind], sendTo());
    this.#faults = new FaultyStream(this.#stream);
    this.#model = new StreamModel(this.#kind);
    if (random.chance(0.03)) this.#large = random.pick([TWO_ROWS_BYTES, TWO_ROWS_BYTES, PAST_A_SEGMENT_BYTES]);
  }

  /** Puts the run's faults between every object and the bucket. */
  static watch(bucket: WatchedBucket, runs: readonly FaultRun[]): void {
    const faults = new Map(runs.map((run) => [encodeURIComponent(run.#stream.name), run.#faults]));
    bucket.intercept((call) => {
      const [key] = call.args;
      const name = typeof key === "string" ? key.split("/")[2] : undefined;
      const faulty = faults.get(name ?? "");
      return faulty === undefined ? call.real() : faulty.intercept(call);
    });
  }

  async begin(): Promise<void> {
    await this.#create();
  }

  /** One random step, and then reads from offsets that were handed out before. */
  async step(): Promise<void> {
    const step = this.#random.weighted(WEIGHTS);
    await this.#take(step);
    await this.#read(1);
  }

  /** The end of the random part: nothing is held back any more, and the stream is sometimes closed. */
  async calm(): Promise<void> {
    await this.#faults.release();
    await this.#faults.arriveLate();
    if (this.#random.chance(0.3)) await this.#close();
  }

  /** Runs alarms until nothing is due, with no faults and the backoff over. */
  async settle(): Promise<void> {
    this.#say("settle");
    for (let rings = 0; rings < 20; rings++) {
      await this.#ring();
      const { sealing } = await inspect(this.#stream);
      if (sealing.state === "retrying") throw new Error(`sealing still fails: ${sealing.lastError ?? ""}`);
      if (sealing.state === "idle") return;
    }
    throw new Error("sealing did not come to an end");
  }

  /** Everything due is sealed, the bucket holds exactly that, and every object is what the model holds. */
  async requireSealed(): Promise<void> {
    this.#say("require sealed");
    const stream = this.#stream;
    const { hot, incarnation, purges } = await inspect(stream);
    if (purges.length > 0) throw new Error("an ended incarnation is still to be purged");
    if (this.#model.closed ? hot.messages > 0 : hot.messages >= 5) {
      throw new Error(`${String(hot.messages)} messages are still hot`);
    }
    const segments = await manifest(stream);
    const keys = segments.map(({ key }) => key);
    const there = await objectKeys(stream);
    if (there.join() !== keys.join()) throw new Error(`the bucket holds ${there.join()} instead of ${keys.join()}`);
    let from = 0;
    for (const { key, start, tail, messages, bytes, number } of segments) {
      const segment = await requireSegment(key);
      const facts = [segment.stream, segment.incarnation, segment.contentType, segment.start, segment.end];
      const expected = [`default/${stream.name}`, incarnation, stream.contentType, from, tail];
      if (facts.join() !== expected.join()) throw new Error(`${key} is ${facts.join()}, not ${expected.join()}`);
      if (start !== from || segments[number]?.key !== key) throw new Error(`${key} is out of order`);
      if (segment.messages !== messages || segment.bytes !== bytes) throw new Error(`${key} holds another amount`);
      const sealed = this.#model.messagesBefore(tail) - this.#model.messagesBefore(from);
      if (messages !== sealed) throw new Error(`${key} holds ${String(messages)} messages of ${String(sealed)}`);
      if (!isSame(segment.payload, this.#model.payload(from, tail))) throw new Error(`${key} holds other bytes`);
      from = tail;
    }
    if (hot.start !== from || hot.messages !== this.#model.messages - this.#model.messagesBefore(from)) {
      throw new Error(`the hot log begins at ${String(hot.start)} with ${String(hot.messages)} messages`);
    }
    await this.#read(2);
  }

  async delete(): Promise<void> {
    this.#say("delete");
    const { status } = await this.#stream.delete();
    if (status !== 204) throw new Error(`DELETE answered ${String(status)}`);
    await this.#ring();
  }

  /** After the second look through the bucket. */
  async requireGone(): Promise<void> {
    this.#say("require gone");
    await this.#ring();
    const keys = await objectKeys(this.#stream);
    if (keys.length > 0) throw new Error(`the bucket still holds ${keys.join()}`);
    const state = await storedState(this.#stream);
    if (JSON.stringify(state) !== JSON.stringify(NOTHING_STORED)) {
      throw new Error(`the object still holds ${JSON.stringify(state)}`);
    }
  }

  async #take(step: Step): Promise<void> {
    if (step !== "fault") this.#say(step);
    switch (step) {
      case "append":
        return this.#append();
      case "alarm":
        return this.#ring();
      case "alarms":
        return this.#ring(2);
      case "crowd":
        await Promise.all([this.#ring(), this.#read(1), this.#read(1)]);
        return;
      case "evict":
        return evictDurableObject(this.#stream.object);
      case "recreate":
        return this.#recreate();
      case "close":
        return this.#close();
      case "fault":
        return this.#disturb(this.#random.pick(FAULTS));
    }
  }

  async #create(): Promise<void> {
    this.#model = new StreamModel(this.#kind);
    const { status } = await this.#stream.put();
    if (status !== 201) throw new Error(`PUT answered ${String(status)}`);
  }

  async #recreate(): Promise<void> {
    const { status } = await this.#stream.delete();
    if (status !== 204) throw new Error(`DELETE answered ${String(status)}`);
    await this.#create();
    await this.#append();
  }

  async #close(): Promise<void> {
    if (this.#model.closed) return;
    await this.#stream.close();
    this.#model.closed = true;
  }

  /** One append; enough messages for a segment in every second. */
  async #append(): Promise<void> {
    if (this.#model.closed) return;
    const messages = Array.from({ length: this.#kind === "json" ? this.#random.int(1, 7) : 1 }, () => this.#message());
    const texts = messages.map((bytes) => decoder.decode(bytes));
    const body = this.#kind === "json" ? `[${texts.join()}]` : messages[0];
    this.#model.append(messages);
    const offset = await this.#stream.append((body ?? "") as BodyInit);
    if (offset !== offsetAt(this.#model.tail)) throw new Error(`an append answered ${offset}`);
  }

  #message(): Uint8Array {
    const large = this.#written === 3 ? this.#large : 0;
    const n = String(this.#written++);
    if (this.#kind === "binary") {
      if (large === 0) return this.#random.bytes(this.#random.int(1, 40));
      return new Uint8Array(large).fill(this.#random.int(0, 255));
    }
    const text = `${n}-${"ü".repeat(this.#random.int(0, 6))}${"x".repeat(large)}`;
    return new TextEncoder().encode(this.#kind === "json" ? JSON.stringify({ n: text }) : text);
  }

  /** Makes sealing due, and lets it meet with a fault. */
  async #disturb(fault: Fault): Promise<void> {
    this.#say(fault);
    const before = this.#model.messages;
    while (!this.#model.closed && this.#model.messages < before + 5) await this.#append();
    await this.#faults.arm(fault);
    const ring = this.#ring();
    if (fault === "put is slow to begin" || fault === "put is slow to answer") await this.#whileHeld(ring);
    await ring;
    this.#faults.disarm();
    if (this.#random.chance(0.5)) await this.#faults.arriveLate();
  }

  /** Appends and reads go on while R2 does not answer; sometimes the stream ends meanwhile. */
  async #whileHeld(ring: Promise<void>): Promise<void> {
    await this.#read(1);
    await this.#append();
    if (this.#random.chance(0.15)) {
      this.#say("recreate while held");
      await this.#recreate();
    }
    await this.#read(1);
    // Sealing asks for other things before it comes to what is held.
    await Promise.race([this.#faults.isHolding, ring]);
    await this.#faults.release();
    await ring;
  }

  /** Runs the alarm, when one is set or owed; `times` times at once. */
  async #ring(times = 1): Promise<void> {
    const wasOwed = this.#isAlarmOwed;
    this.#isAlarmOwed = false;
    try {
      if (times > 1 || wasOwed) await runHandler(this.#stream, times);
      else await runDurableObjectAlarm(this.#stream.object);
    } catch (error) {
      if (!this.#faults.isAlarmToFail) throw error;
      this.#isAlarmOwed = true;
    }
  }

  async #read(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await this.#model.requireRead(this.#stream, this.#random.pick(this.#model.offsets));
    }
  }

  #say(step: string): void {
    this.steps.push(step);
  }
}
