import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import type { InspectedStream } from "../../../src/worker/stream/inspect.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { runHandler } from "../../worker/support/alarms.ts";
import { keysOf } from "../../worker/support/bucket.ts";
import { NOTHING_STORED, storedState } from "../../worker/support/object-state.ts";
import { freshName, nextOffset, offsetAt, sendTo, StreamClient } from "../../worker/support/stream-client.ts";
import type { WatchedSources } from "./between-objects.ts";
import { FaultyFork, GRANT_FAULTS, RELEASE_FAULTS } from "./fork-faults.ts";
import { putFork, references, runAllAlarms } from "./forks.ts";

type Kind = "json" | "text";

/** What a stream that is there has to hold: its messages, or its letters. */
interface Held {
  readonly units: string[];
}

type Step =
  | "append"
  | "create"
  | "fork"
  | "fork with a fault"
  | "delete"
  | "delete with faults"
  | "twins"
  | "fork while its source ends"
  | "fork and source end"
  | "fork while its source seals"
  | "alarm"
  | "alarms at once"
  | "lose its memory"
  | "lose the alarm"
  | "arrive late";

const WEIGHTS: Readonly<Record<Step, number>> = {
  append: 3,
  create: 1,
  fork: 3,
  "fork with a fault": 8,
  delete: 1.5,
  "delete with faults": 5,
  twins: 1,
  "fork while its source ends": 1.5,
  "fork and source end": 1,
  "fork while its source seals": 1,
  alarm: 3,
  "alarms at once": 1,
  "lose its memory": 2,
  "lose the alarm": 1,
  "arrive late": 2,
};

const NAMES = 5;

/** A few streams that are forks of each other, made, written, ended and disturbed at random, next to what they have to hold. */
export class ForkRun {
  /** What was done, in order. */
  readonly steps: string[] = [];
  readonly #random: SeededRandom;
  readonly #kind: Kind;
  readonly #streams: readonly StreamClient[];
  readonly #faults = new Map<StreamClient, FaultyFork>();
  /** The streams that are there for everybody. Others are not, or are there for their forks alone. */
  readonly #held = new Map<StreamClient, Held>();
  #written = 0;

  constructor(random: SeededRandom, sources: WatchedSources) {
    this.#random = random;
    this.#kind = random.pick(["json", "json", "text"]);
    const contentType = this.#kind === "json" ? "application/json" : "text/plain";
    const send = sendTo();
    this.#streams = Array.from(
      { length: NAMES },
      (_, i) => new StreamClient(freshName(`r${String(i)}`), contentType, send),
    );
    for (const stream of this.#streams) {
      const faults = new FaultyFork(stream);
      this.#faults.set(stream, faults);
      sources.watch(`default/${stream.name}`, faults);
    }
  }

  get streams(): readonly StreamClient[] {
    return this.#streams;
  }

  async begin(): Promise<void> {
    await this.#create(this.#pick());
    await this.#append();
  }

  /** One random step, and then a read of anything that is there. */
  async step(): Promise<void> {
    const step = this.#random.weighted(WEIGHTS);
    await this.#take(step);
    await this.#read(this.#live());
  }

  /** No fault strikes any more; what was held up arrives. */
  async calm(): Promise<void> {
    for (const faults of this.#faults.values()) faults.disarm();
    await this.#arriveLate();
  }

  /** Somebody asks for each of the streams: an object that lost its alarm only goes on when it is woken up. */
  async wake(): Promise<void> {
    for (const stream of this.#streams) await stream.head();
  }

  /** Runs alarms until none is set for now. */
  async ring(): Promise<void> {
    await runAllAlarms(this.#streams);
  }

  /** Every source has written down its living forks, all of them and no others, and every stream reads as it has to. */
  async requireSound(): Promise<void> {
    this.#say("require sound");
    const there = new Map<string, InspectedStream>();
    for (const stream of this.#streams) {
      const inspected = await stream.object.inspect();
      if (inspected !== undefined) there.set(inspected.name, inspected);
    }
    for (const stream of this.#streams) {
      const name = `default/${stream.name}`;
      const inspected = there.get(name);
      const isLive = this.#held.has(stream);
      if (isLive && (inspected === undefined || inspected.softDeleted)) throw new Error(`${name} has gone`);
      const forks = [...there.values()].filter(({ fork }) => fork?.source === name);
      const expected = forks.map((fork) => `${fork.name} ${fork.incarnation}`).sort();
      const written = (await references(stream)).map(({ fork, incarnation }) => `${fork} ${incarnation}`).sort();
      if (written.join() !== expected.join()) {
        throw new Error(`${name} has written down [${written.join()}], and its forks are [${expected.join()}]`);
      }
      if (inspected !== undefined && !isLive && expected.length === 0) throw new Error(`${name} is kept for nothing`);
      const { tables } = await storedState(stream);
      if ((tables["release"] ?? []).length > 0) throw new Error(`${name} still has something to give back`);
      if (isLive) await this.#read(stream, 0);
    }
  }

  async deleteAll(): Promise<void> {
    this.#say("delete all");
    for (const stream of this.#held.keys()) {
      const { status } = await stream.delete();
      if (status !== 204) throw new Error(`DELETE of ${stream.name} answered ${String(status)}`);
    }
    this.#held.clear();
  }

  async requireGone(): Promise<void> {
    this.#say("require gone");
    for (const stream of this.#streams) {
      const state = await storedState(stream);
      if (JSON.stringify(state) !== JSON.stringify(NOTHING_STORED)) {
        throw new Error(`${stream.name} still holds ${JSON.stringify(state)}`);
      }
      const keys = await keysOf(`segments/default/${stream.name}/`);
      if (keys.length > 0) throw new Error(`the bucket still holds ${keys.join()}`);
    }
  }

  async #take(step: Step): Promise<void> {
    switch (step) {
      case "append":
        return this.#append();
      case "create":
        return this.#create(this.#pick());
      case "fork":
        return this.#fork();
      case "fork with a fault":
        return this.#forkDisturbed();
      case "delete":
        return this.#delete(this.#live());
      case "delete with faults":
        return this.#deleteDisturbed();
      case "twins":
        return this.#twins();
      case "fork while its source ends":
        return this.#forkWhile("fork while its source ends", (source) => this.#delete(source));
      case "fork while its source seals":
        return this.#forkWhile("fork while its source seals", (source) => this.#alarm(source));
      case "fork and source end":
        return this.#endTogether();
      case "alarm":
        return this.#alarm(this.#pick());
      case "alarms at once": {
        const stream = this.#pick();
        this.#say(`alarms at once at ${this.#nameOf(stream)}`);
        return this.#survive(() => runHandler(stream, 2));
      }
      case "lose its memory": {
        const stream = this.#pick();
        this.#say(`${this.#nameOf(stream)} loses its memory`);
        return this.#forget(stream);
      }
      case "lose the alarm": {
        const stream = this.#pick();
        this.#say(`${this.#nameOf(stream)} loses its alarm`);
        await runInDurableObject(stream.object, (_instance, { storage }) => storage.deleteAlarm());
        return this.#forget(stream);
      }
      case "arrive late":
        return this.#arriveLate();
    }
  }

  /** A stream that is there; when none is, any. */
  #live(): StreamClient {
    const live = [...this.#held.keys()];
    return live.length === 0 ? this.#pick() : this.#random.pick(live);
  }

  /** A name with no stream, or any. */
  #free(): StreamClient {
    const free = this.#streams.filter((stream) => !this.#held.has(stream));
    return free.length === 0 || this.#random.chance(0.1) ? this.#pick() : this.#random.pick(free);
  }

  #pick(): StreamClient {
    return this.#random.pick(this.#streams);
  }

  async #create(stream: StreamClient): Promise<void> {
    this.#say(`create ${this.#nameOf(stream)}`);
    const { status } = await stream.put();
    if (this.#held.has(stream)) return;
    if (status === 201) this.#held.set(stream, { units: [] });
    else if (status !== 409) throw new Error(`PUT of ${stream.name} answered ${String(status)}`);
  }

  async #append(stream = this.#live()): Promise<void> {
    const held = this.#held.get(stream);
    if (held === undefined) return;
    this.#say(`append to ${this.#nameOf(stream)}`);
    const units =
      this.#kind === "json"
        ? Array.from({ length: this.#random.int(1, 7) }, () => String(this.#written++))
        : [...String(this.#written++ * 37)];
    held.units.push(...units);
    await stream.append(this.#kind === "json" ? `[${units.join()}]` : units.join(""));
  }

  async #fork(source = this.#live(), fork = this.#free()): Promise<void> {
    this.#say(`fork ${this.#nameOf(source)} to ${this.#nameOf(fork)}`);
    const position = this.#position(source);
    await this.#forkAt(source, fork, position);
  }

  #position(source: StreamClient): number {
    return this.#random.int(0, this.#held.get(source)?.units.length ?? 0);
  }

  /** Makes a fork, unless the name is taken or there is no source. When the answer is a failure, it may be there or not. */
  async #forkAt(source: StreamClient, fork: StreamClient, position: number): Promise<void> {
    const units = this.#held.get(source)?.units.slice(0, position);
    const wasThere = this.#held.has(fork);
    const offset = this.#random.int(0, position);
    const answer = await putFork(source, fork, { offset, subOffset: position - offset });
    const text = await answer.text();
    if (wasThere || answer.status === 404 || answer.status === 409) return;
    if (answer.status >= 500) {
      if (!(await this.#isThere(fork))) return;
    } else if (answer.status !== 201 && answer.status !== 200) {
      throw new Error(`a fork was answered with ${String(answer.status)}: ${text}`);
    }
    if (units === undefined) throw new Error(`${fork.name} was made of nothing`);
    if (!this.#held.has(fork)) this.#held.set(fork, { units });
  }

  async #isThere(stream: StreamClient): Promise<boolean> {
    return (await stream.head()).status === 200;
  }

  async #forkDisturbed(): Promise<void> {
    const fork = this.#free();
    const fault = this.#random.pick(GRANT_FAULTS);
    this.#say(fault);
    const faults = this.#faultsOf(fork);
    await faults.armGrant(fault);
    await this.#fork(this.#live(), fork);
    faults.disarm();
    // Whoever met with a failure asks again, sometimes.
    if (this.#random.chance(0.4)) await this.#fork(this.#live(), fork);
  }

  async #delete(stream: StreamClient): Promise<void> {
    this.#say(`delete ${this.#nameOf(stream)}`);
    const { status } = await stream.delete();
    if (status === 204) this.#held.delete(stream);
    else if (this.#held.has(stream)) throw new Error(`DELETE of ${stream.name} answered ${String(status)}`);
  }

  async #deleteDisturbed(): Promise<void> {
    const stream = this.#live();
    const faults = Array.from({ length: this.#random.int(1, 4) }, () => this.#random.pick(RELEASE_FAULTS));
    this.#say(faults.join(", "));
    this.#faultsOf(stream).armReleases(faults);
    await this.#delete(stream);
    await this.#alarm(stream);
  }

  async #twins(): Promise<void> {
    const [source, fork] = [this.#live(), this.#free()];
    this.#say(`twins: ${this.#nameOf(source)} to ${this.#nameOf(fork)}`);
    const position = this.#position(source);
    await Promise.all([this.#forkAt(source, fork, position), this.#forkAt(source, fork, position)]);
  }

  async #forkWhile(what: string, happens: (source: StreamClient) => Promise<void>): Promise<void> {
    const [source, fork] = [this.#live(), this.#free()];
    if (source === fork) return;
    this.#say(`${what}: ${this.#nameOf(source)} to ${this.#nameOf(fork)}`);
    const position = this.#position(source);
    const both = [() => this.#forkAt(source, fork, position), () => happens(source)];
    await Promise.all((this.#random.chance(0.5) ? both : both.toReversed()).map((start) => start()));
  }

  async #endTogether(): Promise<void> {
    const streams = this.#streams.filter((stream) => this.#held.has(stream) && this.#random.chance(0.6));
    this.#say("end together");
    await Promise.all(streams.map((stream) => this.#delete(stream)));
    await Promise.all(streams.map((stream) => this.#alarm(stream)));
  }

  async #alarm(stream: StreamClient): Promise<void> {
    this.#say(`alarm at ${this.#nameOf(stream)}`);
    await this.#survive(async () => {
      await runDurableObjectAlarm(stream.object);
    });
  }

  /** An alarm that a crash cut short is run again by the platform. */
  async #survive(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!String(error).includes("injected")) throw error;
      this.#say("(crashed)");
      await run().catch(() => undefined);
    }
  }

  /** As an eviction, which would wait until nobody refers to the object any more: an RPC that failed does for long. */
  async #forget(stream: StreamClient): Promise<void> {
    await runInDurableObject(stream.object, async (_instance, state) => {
      await state.storage.sync();
      state.abort("injected: out of memory");
    }).catch(() => undefined);
  }

  async #arriveLate(): Promise<void> {
    for (const faults of this.#faults.values()) await faults.arriveLate((name) => this.#byName(name));
  }

  #byName(name: string): StreamClient {
    const found = this.#streams.find((stream) => `default/${stream.name}` === name);
    if (found === undefined) throw new Error(`there is no ${name} in this run`);
    return found;
  }

  async #read(stream: StreamClient, from?: number): Promise<void> {
    const held = this.#held.get(stream);
    if (held === undefined) return;
    const start = from ?? this.#random.int(0, held.units.length);
    const answer = await stream.get(`?offset=${offsetAt(start)}`);
    const text = await answer.text();
    const rest = held.units.slice(start);
    const expected = this.#kind === "json" ? `[${rest.join()}]` : rest.join("");
    const next = nextOffset(answer);
    if (answer.status !== 200 || text !== expected || next !== offsetAt(held.units.length)) {
      throw new Error(
        `${stream.name} gave ${String(answer.status)} ${text} at ${String(start)} instead of ${expected}`,
      );
    }
  }

  #faultsOf(stream: StreamClient): FaultyFork {
    const faults = this.#faults.get(stream);
    if (faults === undefined) throw new Error("a stream of another run");
    return faults;
  }

  #nameOf(stream: StreamClient): string {
    return `s${String(this.#streams.indexOf(stream))}`;
  }

  #say(step: string): void {
    this.steps.push(step);
  }
}
