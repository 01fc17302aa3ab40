import type { ForkReference } from "../../../src/worker/storage/fork-rows.ts";
import type { GrantRequest } from "../../../src/worker/stream/fork.ts";
import { StreamDO } from "../../../src/worker/stream/stream-do.ts";

/** A call that arrived at a source: what it does, and the source's object to do something to. */
export interface Arrived {
  readonly real: () => unknown;
  readonly source: DurableObjectState;
}

/** Decides what becomes of the calls about one fork. */
export interface Between {
  grant(call: Arrived, request: GrantRequest): Promise<unknown>;
  release(call: Arrived): Promise<unknown>;
}

type Prototype = Record<"grantFork" | "releaseFork", (this: StreamDO, about: GrantRequest & ForkReference) => unknown>;

const PROTOTYPE = StreamDO.prototype as unknown as Prototype;

const METHODS: Prototype = { grantFork: PROTOTYPE.grantFork, releaseFork: PROTOTYPE.releaseFork };

/** Stands at the door of every source: the objects of an isolate share the prototype of their class. */
export class WatchedSources {
  readonly #between = new Map<string, Between>();

  constructor() {
    const between = this.#between;
    const { grantFork, releaseFork } = METHODS;
    PROTOTYPE.grantFork = function (request) {
      const real = (): unknown => grantFork.call(this, request);
      const found = between.get(request.reference.fork);
      return found === undefined ? real() : found.grant({ real, source: stateOf(this) }, request);
    };
    PROTOTYPE.releaseFork = function (reference) {
      const real = (): unknown => releaseFork.call(this, reference);
      const found = between.get(reference.fork);
      return found === undefined ? real() : found.release({ real, source: stateOf(this) });
    };
  }

  /** From now on calls about this fork go through `between`. */
  watch(fork: string, between: Between): void {
    this.#between.set(fork, between);
  }

  [Symbol.dispose](): void {
    Object.assign(PROTOTYPE, METHODS);
  }
}

function stateOf(object: StreamDO): DurableObjectState {
  return (object as unknown as { readonly ctx: DurableObjectState }).ctx;
}
