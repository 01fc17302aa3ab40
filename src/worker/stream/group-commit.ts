/** What a group commit is made of. */
export interface GroupCommitSteps<Request, Outcome> {
  /** Decides and stores a group at once; an outcome for each request, in order. When it throws, nothing was stored. */
  readonly commit: (requests: readonly Request[]) => readonly Outcome[];
  /** Resolves when the last commit is durable. What arrives until then goes into the next one. */
  readonly durable: () => Promise<void>;
  /** Called when a group is durable and its writers have their answers. */
  readonly afterCommit: () => void;
  /** Resolves in a later turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
  readonly nowMs: () => number;
}

/** How long a group that had company makes more company likely; after that the object counts as idle. */
const COMPANY_MEMORY_MS = 10;

interface Waiting<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets requests that arrive at about the same time share one commit. A request to an idle object is committed at once.
 * While a commit is under way requests gather for the next. Right after a group that had company, one turn of the event
 * loop is waited first: requests that are already on their way to the object then make it into this group, and on a busy
 * stream that is most of them.
 */
export class GroupCommit<Request, Outcome> {
  readonly #steps: GroupCommitSteps<Request, Outcome>;
  #waiting: Waiting<Request, Outcome>[] = [];
  #running = false;
  #companyUntilMs = 0;

  constructor(steps: GroupCommitSteps<Request, Outcome>) {
    this.#steps = steps;
  }

  submit(request: Request): Promise<Outcome> {
    const outcome = new Promise<Outcome>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
    });
    if (!this.#running) void this.#run();
    return outcome;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0) {
        if (this.#steps.nowMs() < this.#companyUntilMs) await this.#steps.nextTurn();
        this.#commitWaiting();
        await this.#steps.durable();
        this.#steps.afterCommit();
      }
    } catch (error) {
      // Only a failing commit gets here, and the platform then resets the object: nobody may wait for an answer.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    } finally {
      this.#running = false;
    }
  }

  #commitWaiting(): void {
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length > 1) this.#companyUntilMs = this.#steps.nowMs() + COMPANY_MEMORY_MS;
    this.#commit(group);
  }

  #commit(group: readonly Waiting<Request, Outcome>[]): void {
    let outcomes: readonly Outcome[];
    try {
      outcomes = this.#steps.commit(group.map(({ request }) => request));
    } catch (error) {
      // What one request does to a commit must not be done to those that happened to come with it.
      if (group.length > 1) for (const alone of group) this.#commit([alone]);
      else for (const { reject } of group) reject(error);
      return;
    }
    for (const [i, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined) reject(new Error("a group commit gave fewer outcomes than it had requests"));
      else resolve(outcome);
    }
  }
}
