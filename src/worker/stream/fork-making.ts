import { protocolError } from "../../protocol/errors.ts";
import type { ForkRequest } from "../../protocol/fork.ts";
import { failed, type Parsed } from "../../protocol/result.ts";
import { NoAnswerError, withinTime } from "../segments/within-time.ts";
import type { Release } from "../storage/release-rows.ts";
import type { StreamStorage } from "../storage/stream-storage.ts";
import type { NewStream } from "./create.ts";
import { noSource, TOO_LATE, toFork, type ForkGrant, type GrantRequest } from "./fork.ts";
import type { CreateRequest } from "./operations.ts";
import type { StreamState } from "./state.ts";

/**
 * How long the source may take a reference for, and when one that did not become a fork is given back. Between the two
 * nothing happens: however late a request gets to the source, and as far as the clocks of the two are apart, it does not
 * come after the reference was given back.
 */
const GRANT_MAX_MS = 30_000;
const RELEASE_AFTER_MS = 60_000;

/** How long the client of a fork, and whoever creates under the same name after it, waits for the source. */
const GRANT_PATIENCE_MS = 20_000;

/** What another object can be asked for. */
interface Source {
  grantFork(request: GrantRequest): Promise<Parsed<ForkGrant>>;
}

export interface MakingSurroundings {
  readonly storage: StreamStorage;
  readonly source: (name: string) => Source;
  /** Stores the fork and takes its release back, both or neither; neither also where the directory refuses it. */
  readonly store: (fork: NewStream) => Promise<Parsed<StreamState>>;
  /** Sets the alarm to what is due first. */
  readonly schedule: () => void;
}

/**
 * Makes forks, over two objects and through every crash between them. First a release is stored, due later: the promise to
 * give back a reference that may have been taken. Then the source is asked, and takes the reference. Then one transaction
 * stores the fork and takes the promise back. What does not get that far is undone by the alarm.
 */
export class ForkMaking {
  readonly #around: MakingSurroundings;
  /** The fork that is being made: its release is not due, however long it takes. */
  #incarnation: string | undefined;

  constructor(around: MakingSurroundings) {
    this.#around = around;
  }

  isMaking(incarnation: string): boolean {
    return incarnation === this.#incarnation;
  }

  /** The stored fork, or why there is none. When it throws, it may be repeated: what was taken is given back later. */
  async make(request: CreateRequest, fork: ForkRequest): Promise<Parsed<StreamState>> {
    if (fork.source === request.name) return noSource(fork.source, false);
    const incarnation = crypto.randomUUID();
    this.#incarnation = incarnation;
    try {
      return await this.#make(request, fork, incarnation);
    } finally {
      this.#incarnation = undefined;
      this.#around.schedule();
    }
  }

  async #make(request: CreateRequest, fork: ForkRequest, incarnation: string): Promise<Parsed<StreamState>> {
    const { storage, source } = this.#around;
    const nowMs = Date.now();
    const dueAtMs = nowMs + RELEASE_AFTER_MS;
    const promise = { incarnation, fork: request.name, source: fork.source, dueAtMs, failures: 0 };
    this.#put(promise);
    this.#around.schedule();
    // The promise has to be durable before there can be a reference.
    await storage.durable();
    const reference = { fork: request.name, incarnation };
    const { contentType, publicSourceOnly: publicOnly = false } = request;
    const untilMs = nowMs + GRANT_MAX_MS;
    const asked = source(fork.source).grantFork({ reference, fork, contentType, publicOnly, untilMs });
    const granted = await withinTime(GRANT_PATIENCE_MS, asked, fork.source).catch((error: unknown) => {
      if (error instanceof NoAnswerError) return undefined;
      throw error;
    });
    // It may have been taken all the same: the promise stays.
    if (granted === undefined) return failed(TOO_LATE);
    if (!granted.ok) {
      storage.releases.remove(incarnation);
      return granted;
    }
    const made = toFork(request, incarnation, granted.value, Date.now());
    const stored = made.ok ? await this.#around.store(made.value) : made;
    if (!stored.ok) this.#put({ ...promise, dueAtMs: Date.now() });
    return stored;
  }

  #put(release: Release): void {
    const { storage } = this.#around;
    storage.transaction(() => {
      storage.releases.put(release);
    });
  }
}

/** The refusal of a creation under a name that forks still need. */
export const HELD_BY_FORKS = protocolError(
  "PATH_HELD_BY_FORKS",
  "The stream that was here is deleted, but forks still read what it holds; choose another path, or delete the forks first.",
);
