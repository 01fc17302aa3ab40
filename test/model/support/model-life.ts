import type { ModelStream } from "./model-stream.ts";

/**
 * How a path stands. A stream that was deleted is `gone` while a fork of it is there. After that it is `fading`: its
 * clean-up comes some time later, so it may answer as one that is gone or as one that is missing, which it then stays.
 */
export type Standing = "live" | "gone" | "fading" | "missing";

/** One stream from its creation until nothing is left of it, and the streams that were forked from it. */
export class Life {
  readonly stream: ModelStream;
  readonly forks = new Set<Life>();
  #isDeleted = false;

  constructor(stream: ModelStream, source: Life | undefined) {
    this.stream = stream;
    source?.forks.add(this);
  }

  get standing(): Standing {
    if (!this.#isDeleted) return "live";
    if (this.neededBy.length > 0) return "gone";
    return this.forks.size > 0 ? "fading" : "missing";
  }

  /** The forks that have to find what they inherit from it. */
  get neededBy(): readonly Life[] {
    return [...this.forks].filter(({ standing }) => standing === "live" || standing === "gone");
  }

  /** Deletes the stream. As long as a fork's reference to it may not have been given back, it goes by and by. */
  delete(): void {
    this.#isDeleted = true;
  }

  /** A fork took its reference and then came to nothing: that is given back like any other. */
  lendInVain(): void {
    new Life(this.stream, this).delete();
  }

  /** The server was seen to hold no reference but those of the forks that need it. */
  settle(): void {
    const needed = new Set(this.neededBy);
    for (const fork of this.forks) if (!needed.has(fork)) this.forks.delete(fork);
  }
}
