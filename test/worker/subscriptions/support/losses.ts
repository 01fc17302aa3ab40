import { DirectoryDO } from "../../../../src/worker/directory/directory-do.ts";
import { StreamStorage } from "../../../../src/worker/storage/stream-storage.ts";
import { StreamDO } from "../../../../src/worker/stream/stream-do.ts";
import { SubscriptionDO } from "../../../../src/worker/subscriptions/subscription-do.ts";
import { SubscriptionStorage } from "../../../../src/worker/subscriptions/subscription-storage.ts";

/** What is done before an answer is given is done; what the answer says is lost with the object. */
const ANSWERS = [
  [
    SubscriptionDO,
    ["create", "delete", "addStreams", "removeStream", "notify", "claim", "ack", "callback", "release", "alarm"],
  ],
  [StreamDO, ["create", "append", "delete", "link", "position", "alarm"]],
  [
    DirectoryDO,
    ["register", "unregister", "putSubscription", "removeSubscription", "putExplicit", "matching", "signingKey"],
  ],
] as const;

type Method = (this: unknown, ...args: never[]) => unknown;

interface Methods {
  readonly prototype: object;
}

interface WatchedLosses {
  /** Whether an object is lost at this place; asked at each place that an object of the runs passes. */
  readonly isLost: (object: string, place: string) => boolean;
  /** A subscription has stored something. */
  readonly onCommit: (storage: SubscriptionStorage) => void;
}

/** The name of the object that a storage is of; `undefined` as long as nothing is stored. */
const NAMES = [
  [
    SubscriptionStorage,
    (storage: SubscriptionStorage) => {
      const record = storage.record();
      return record === undefined ? undefined : `${record.project}/${record.id}`;
    },
  ],
  [StreamStorage, (storage: StreamStorage) => storage.head.load("")?.name],
] as const;

/**
 * Loses objects, with their memory, wherever that can matter: with each answer that they have ready, before each commit, and
 * at the places of a run's own. What was stored and told to somebody until then stays, as the platform's gates promise; so
 * an object is lost only where all it stored is on disk.
 */
export class Losses {
  readonly #watched: WatchedLosses;
  readonly #states = new Map<string, DurableObjectState>();
  readonly #unsynced = new Set<DurableObjectState>();
  readonly #undo: (() => void)[] = [];

  constructor(watched: WatchedLosses) {
    this.#watched = watched;
    for (const [objects, methods] of ANSWERS) {
      for (const method of methods) this.#watchAnswers(objects, method);
    }
    for (const [storage, nameOf] of NAMES)
      this.#watchCommits(storage, nameOf as (storage: unknown) => string | undefined);
  }

  /** Waits until all that the object stored is on disk, as a real request waits, and then maybe loses it. */
  async pass(object: string, place: string): Promise<void> {
    const state = this.#states.get(object);
    if (state !== undefined) await this.#pass(state, object, place);
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.toReversed()) undo();
  }

  async #pass(state: DurableObjectState, object: string, place: string): Promise<void> {
    await state.storage.sync();
    if (this.#watched.isLost(object, place)) lose(state);
  }

  #watchAnswers({ prototype }: Methods, method: string): void {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the method has its own
    const losses = this;
    this.#replace(prototype, method, (original) => {
      return async function (this: { readonly ctx: DurableObjectState }, ...args) {
        const { ctx } = this;
        const { name = "" } = ctx.id;
        losses.#states.set(name, ctx);
        const answer = await Reflect.apply<unknown, never[], unknown>(original, this, args);
        await losses.#pass(ctx, name, `with the answer of ${method}`);
        return answer;
      } as Method;
    });
  }

  #watchCommits({ prototype }: Methods, nameOf: (storage: unknown) => string | undefined): void {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the method has its own
    const losses = this;
    this.#replace(prototype, "transaction", (original) => {
      return function (this: unknown, ...args) {
        const name = nameOf(this) ?? "";
        const state = losses.#states.get(name);
        if (state !== undefined && !losses.#unsynced.has(state) && losses.#watched.isLost(name, "before a commit")) {
          lose(state);
        }
        const result = Reflect.apply<unknown, never[], unknown>(original, this, args);
        if (state !== undefined) void losses.#sync(state);
        if (this instanceof SubscriptionStorage) losses.#watched.onCommit(this);
        return result;
      };
    });
  }

  async #sync(state: DurableObjectState): Promise<void> {
    this.#unsynced.add(state);
    await state.storage.sync();
    this.#unsynced.delete(state);
  }

  #replace(prototype: object, method: string, replace: (original: Method) => Method): void {
    const methods = prototype as Record<string, Method>;
    const original = methods[method];
    if (original === undefined) throw new Error(`there is no ${method}`);
    methods[method] = replace(original);
    this.#undo.push(() => {
      methods[method] = original;
    });
  }
}

function lose(state: DurableObjectState): never {
  state.abort("injected: lost");
  throw new Error("injected: lost");
}
