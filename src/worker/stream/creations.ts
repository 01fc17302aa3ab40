import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import { confirmStream, createdOutcome, insertStream, newStream, type NewStream } from "./create.ts";
import { ForkMaking, HELD_BY_FORKS, type MakingSurroundings } from "./fork-making.ts";
import type { CreateOutcome, CreateRequest } from "./operations.ts";
import type { Registrar } from "./registrar.ts";
import type { StreamState } from "./state.ts";

export interface CreationSurroundings extends Pick<MakingSurroundings, "source" | "schedule"> {
  readonly storage: StreamStorage;
  readonly registrar: Registrar;
  /** The stream, unless there is none or its time is over; in that case it is ended. */
  readonly current: () => StreamState | undefined;
  /** The stream, also one that is there for its forks alone. */
  readonly state: () => StreamState | undefined;
  /** The removal of what once was, while it is under way or when it is over. */
  readonly ending: () => Promise<void> | undefined;
  /** A stream is stored: from now on it is there. */
  readonly created: (state: StreamState) => void;
}

/**
 * Creates streams, or confirms that they are there as asked (section 5.1), one request after the other: each waits for other
 * objects, and what else is asked of this one goes on meanwhile.
 */
export class Creations {
  readonly #around: CreationSurroundings;
  readonly #forks: ForkMaking;
  #last: Promise<unknown> = Promise.resolve();

  constructor(around: CreationSurroundings) {
    this.#around = around;
    const { storage, source, schedule } = around;
    this.#forks = new ForkMaking({ storage, source, schedule, store: (fork) => this.#store(fork) });
  }

  /** Whether this incarnation is a fork that is only just being made. */
  isMaking(incarnation: string): boolean {
    return this.#forks.isMaking(incarnation);
  }

  /** Resolves when no creation is under way that was when it was asked. */
  async settled(): Promise<void> {
    await this.#last;
  }

  create(request: CreateRequest): Promise<CreateOutcome> {
    const created = this.#last.then(() => this.#create(request));
    this.#last = created.catch(() => undefined);
    return created;
  }

  async #create(request: CreateRequest): Promise<CreateOutcome> {
    const { current, state, ending } = this.#around;
    let existing = current();
    if (existing === undefined && ending() !== undefined) {
      await this.#untilEnded();
      existing = current();
    }
    if (existing !== undefined) return confirmStream(existing, request);
    if (state() !== undefined) return { kind: "refused", error: HELD_BY_FORKS };
    const made = await this.#make(request);
    return made.ok ? createdOutcome("created", made.value) : { kind: "refused", error: made.error };
  }

  async #make(request: CreateRequest): Promise<Parsed<StreamState>> {
    if (request.fork !== undefined) return this.#forks.make(request, request.fork);
    return this.#store(newStream(request, crypto.randomUUID(), Date.now()));
  }

  /** Puts a stream into the directory's list, then stores it: in one transaction with its links, and for a fork with its release. */
  async #store(stream: NewStream): Promise<Parsed<StreamState>> {
    const { storage, registrar, created, schedule } = this.#around;
    const registered = await registrar.announce(stream);
    if (registered.kind === "refused") return failed(registered.error);
    // While the directory was asked an alarm may have tidied up.
    await this.#untilEnded();
    const state = storage.transaction(() => {
      storage.removeRemains(Date.now());
      storage.releases.remove(stream.incarnation);
      return insertStream(storage, stream, registered, Date.now());
    });
    // At once: until the object knows of its stream, whatever tidies up takes it for what is left of an earlier one.
    created(state);
    schedule();
    return parsed(state);
  }

  async #untilEnded(): Promise<void> {
    let ending: Promise<void> | undefined;
    do {
      ending = this.#around.ending();
      await ending;
    } while (ending !== this.#around.ending());
  }
}
