import { ownStart } from "../../protocol/fork.ts";
import type { RegisterOutcome, Registration, RegistrationLimits, SubscriptionRef } from "../directory/operations.ts";
import { backoffMs } from "../segments/backoff.ts";
import { withinTime } from "../segments/within-time.ts";
import type { PendingRegistration } from "../storage/registration-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { NewStream, NotRegistered, Registered } from "./create.ts";
import { addLinks } from "./links.ts";
import type { StreamState } from "./state.ts";
import { splitStreamName } from "./stream-name.ts";

/** How long a creation waits for the directory. Then the stream is made all the same, and is listed later. */
const CREATION_PATIENCE_MS = 2000;

/** How long an alarm waits for it, which nobody waits for. */
const PATIENCE_MS = 5000;

/** What a project's directory is asked for. */
export interface Directory {
  register(stream: Registration, limits?: RegistrationLimits): Promise<RegisterOutcome>;
  unregister(path: string, incarnation: string): Promise<void>;
  unlisted(subscriptions: readonly SubscriptionRef[]): Promise<readonly SubscriptionRef[]>;
}

export interface RegistrarSurroundings {
  readonly storage: StreamStorage;
  readonly state: () => StreamState | undefined;
  /** `undefined` when the Worker has no directories: then nothing is listed. */
  readonly directory: ((project: string) => Directory) | undefined;
  /** The stream is registered now, and its links are stored. */
  readonly registered: (state: StreamState) => void;
  /** Sets the alarm to what is due first. */
  readonly schedule: () => void;
}

/**
 * Keeps the directory's list true. A stream is registered before it is stored, so that it is there when it is listed for
 * longer than a moment, and never the other way round; that it ended is stored with its end. What could not be told is
 * queued, and told by the alarm.
 */
export class Registrar {
  readonly #around: RegistrarSurroundings;
  /** The last registration that was sent. It may still arrive when nobody waits for it any more. */
  #sent: Promise<unknown> | undefined;

  constructor(around: RegistrarSurroundings) {
    this.#around = around;
  }

  /** Whether a directory may know a stream of this name. */
  get lists(): boolean {
    return this.#around.directory !== undefined;
  }

  /** Puts a stream that is about to be stored into the list, if the directory lets it. Never fails. */
  async announce(stream: NewStream): Promise<Registered | NotRegistered> {
    const { request, config, incarnation, createdAtMs } = stream;
    if (!this.lists) return { kind: "unlisted" };
    // Two at a time might arrive in the wrong order, and the list would keep the stream that has ended.
    if (this.#sent !== undefined) return { kind: "unanswered" };
    const facts = { ...config, incarnation, createdAtMs, name: request.name };
    try {
      const asked = this.#register(facts, { streamsMax: request.streamsMax });
      const { links, refused } = await withinTime(CREATION_PATIENCE_MS, asked, "The directory");
      return refused === undefined ? { kind: "registered", links } : { kind: "refused", error: refused };
    } catch (error) {
      console.error(`The new stream ${request.name} could not be put into the directory, and will be later:`, error);
      return { kind: "unanswered" };
    }
  }

  /** Which of these subscriptions were deleted: a stream hears of that only when it has something to tell. */
  async deletedAmong(project: string, subscriptions: readonly SubscriptionRef[]): Promise<readonly SubscriptionRef[]> {
    if (!this.lists) return [];
    return withinTime(PATIENCE_MS, this.#directory(project).unlisted(subscriptions), "The directory");
  }

  /** Puts a stream into the list that is older than the list. When that fails the alarm goes on with it. */
  async adopt(): Promise<void> {
    const { storage, schedule } = this.#around;
    const current = this.#current();
    if (!this.lists || current?.registered !== undefined || current === undefined) return;
    if (storage.registrations.all().length > 0) return;
    const { incarnation, name } = current;
    await this.#tell({ incarnation, stream: name, dueAtMs: Date.now(), failures: 0 });
    schedule();
  }

  /** Tells the directory what is due. */
  async run(): Promise<void> {
    const { storage } = this.#around;
    const nowMs = Date.now();
    const { remains } = storage;
    if (remains?.isListed === true) {
      const { incarnation, name } = remains.stream;
      await this.#tell({ incarnation, stream: name, dueAtMs: nowMs, failures: 0 });
    }
    for (const pending of storage.registrations.all()) {
      if (pending.dueAtMs <= nowMs) await this.#tell(pending);
    }
  }

  async #tell(pending: PendingRegistration): Promise<void> {
    const { storage } = this.#around;
    try {
      await withinTime(PATIENCE_MS, this.#sent ?? Promise.resolve(), "The directory");
      await this.#tellOnce(pending);
    } catch (error) {
      console.error(`The directory could not be told of the stream ${pending.stream}, and will be later:`, error);
      const failures = pending.failures + 1;
      const dueAtMs = Date.now() + backoffMs(failures, Math.random());
      storage.transaction(() => {
        storage.removeRemains(dueAtMs);
        storage.registrations.put({ ...pending, failures, dueAtMs });
      });
    }
  }

  async #tellOnce({ incarnation, stream }: PendingRegistration): Promise<void> {
    const { storage } = this.#around;
    const current = this.#current();
    if (current?.incarnation === incarnation) {
      const { links } = await withinTime(PATIENCE_MS, this.#register(current), "The directory");
      this.#registered(incarnation, links);
      return;
    }
    if (this.lists) {
      const { project, path } = splitStreamName(stream);
      await withinTime(PATIENCE_MS, this.#directory(project).unregister(path, incarnation), "The directory");
    }
    storage.registrations.remove(incarnation);
    if (storage.remains?.stream.incarnation === incarnation) storage.remainsUnlisted();
  }

  /** Stores that the stream is listed. When it ended meanwhile, the queue says so. */
  #registered(incarnation: string, links: readonly SubscriptionRef[]): void {
    const { storage, registered } = this.#around;
    const current = this.#current();
    if (current?.incarnation !== incarnation) return;
    // A subscription that was there before the stream gets all of it; how old the two are is known only of new streams.
    const linkedFrom = current.registered === false ? ownStart(current.fork) : current.tail;
    const marked = { ...current, registered: true };
    storage.transaction(() => {
      storage.head.put(marked);
      storage.registrations.clear();
      addLinks(storage.links, current, links, linkedFrom, Date.now());
    });
    registered(marked);
  }

  #register(stream: RegisteredFacts, limits?: RegistrationLimits): Promise<RegisterOutcome> {
    const { project, path } = splitStreamName(stream.name);
    const { incarnation, contentType, createdAtMs, expiry } = stream;
    const facts = { path, incarnation, contentType, public: stream.public, createdAtMs, expiry };
    const sent = this.#directory(project).register(facts, limits);
    const arrived = sent.then(ignore, ignore).then(() => {
      if (this.#sent === arrived) this.#sent = undefined;
    });
    this.#sent = arrived;
    return sent;
  }

  #directory(project: string): Directory {
    const { directory } = this.#around;
    if (directory === undefined) throw new Error("the Worker has no binding DIRECTORY any more");
    return directory(project);
  }

  #current(): StreamState | undefined {
    const current = this.#around.state();
    return current?.softDeleted === false ? current : undefined;
  }
}

type RegisteredFacts = Pick<StreamState, "name" | "incarnation" | "contentType" | "public" | "createdAtMs" | "expiry">;

function ignore(): void {
  // Whoever waited for it knows.
}
