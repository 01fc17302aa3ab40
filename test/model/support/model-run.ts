import type { Agent } from "undici";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { fork, forkAgain, forkMalformed } from "./forks.ts";
import { create, remove, removeSource } from "./lives.ts";
import type { Member } from "./member.ts";
import { deleteTwo, forkBesideAppends, forkBesideDelete, forkTwice, listen } from "./races.ts";
import { head, longPoll, read, readAgain, readBadOffset, readNow, readOnFrom, sse } from "./reads.ts";
import { Run } from "./run.ts";
import { settle } from "./settling.ts";
import { append, appendByProducer, appendConcurrently, appendLarge, appendRefused, close } from "./writes.ts";

/** How often each operation is chosen. A later chapter of the protocol is a line here and a function below. */
const OPERATIONS = {
  append: 20,
  appendLarge: 0.4,
  appendRefused: 4,
  appendByProducer: 14,
  appendConcurrently: 5,
  close: 1.5,
  create: 6,
  remove: 2,
  removeSource: 2,
  fork: 10,
  forkAgain: 2,
  forkMalformed: 1,
  forkBesideAppends: 1.5,
  forkBesideDelete: 0.8,
  forkTwice: 1,
  deleteTwo: 0.7,
  listen: 1,
  settle: 0.7,
  head: 5,
  read: 18,
  readNow: 3,
  readAgain: 5,
  readBadOffset: 3,
  longPoll: 4,
  sse: 4,
} as const;

const FUNCTIONS: Readonly<Record<keyof typeof OPERATIONS, (run: Run, member: Member) => Promise<void>>> = {
  ...{ append, appendLarge, appendRefused, appendByProducer, appendConcurrently, close },
  ...{ head, read, readNow, readAgain, readBadOffset, longPoll, sse },
  ...{ create, remove, removeSource, fork, forkAgain, forkMalformed },
  ...{ forkBesideAppends, forkBesideDelete, forkTwice, deleteTwo, listen, settle },
};

/** A family of streams of the server and the model of it, side by side through a sequence of random operations. */
export class ModelRun {
  readonly #run: Run;

  constructor(random: SeededRandom, server: string, dispatcher: Agent, seed: number) {
    this.#run = new Run(random, server, dispatcher, seed);
  }

  /** What has been done so far, for the report of a failure. */
  get log(): readonly string[] {
    return this.#run.log;
  }

  async start(): Promise<void> {
    const member = this.#run.random.pick(this.#run.members);
    this.#run.log.push("create");
    await create(this.#run, member);
  }

  async step(): Promise<void> {
    const operation = this.#run.random.weighted(OPERATIONS);
    const member = this.#run.pick();
    this.#run.log.push(`${operation} ${member.shortName}`);
    const before = this.#run.members.map(({ standing }) => standing);
    await FUNCTIONS[operation](this.#run, member);
    for (const [i, { shortName, standing }] of this.#run.members.entries()) {
      if (standing !== before[i]) this.#run.note(`(${shortName} is ${standing})`);
    }
  }

  /** At the end everything is read once more, in pieces and over SSE; then it ends. Gives the number of segments there were. */
  async finish(): Promise<number> {
    const { log, members } = this.#run;
    log.push("finish");
    let segments = 0;
    for (const member of members) {
      const { stream, life } = member;
      if (stream !== undefined) await readOnFrom(this.#run, member, 0, stream);
      if (this.#run.random.chance(0.4)) await sse(this.#run, member);
      if (life !== undefined && member.standing !== "fading") segments += (await member.http.inspect()).segments.count;
    }
    await this.#endAll();
    return segments;
  }

  /** Deletes everything in any order, after which every path has to be free in the end. */
  async #endAll(): Promise<void> {
    const run = this.#run;
    for (let member = run.pickLive(); member !== undefined; member = run.pickLive()) {
      run.note(`remove ${member.shortName}`);
      await remove(run, member);
      const survivor = run.pickLive();
      if (survivor !== undefined) await read(run, survivor);
    }
    await settle(run);
    for (const member of run.members) {
      if (member.standing !== "missing") throw new Error(`${member.shortName} is still ${member.standing}`);
      await head(run, member);
    }
  }
}
