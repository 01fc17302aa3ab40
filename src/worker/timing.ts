/** Measures the parts of one request for the `Server-Timing` header. Handed to custom auth callbacks too. */
export class Timing {
  readonly #entries: string[] = [];

  /** Starts measuring a part; calling the result ends it. Inside a Worker the clock moves only across I/O. */
  start(name: string): () => void {
    const startedAtMs = performance.now();
    return () => {
      this.record(name, performance.now() - startedAtMs);
    };
  }

  record(name: string, durationMs: number): void {
    // The name becomes part of a header, whatever it is.
    this.#entries.push(`${name.replace(/[^\w-]/g, "_")};dur=${durationMs.toFixed(2)}`);
  }

  /** Value of the `Server-Timing` header. */
  toHeader(): string {
    return this.#entries.join(", ");
  }
}

/** Awaits `work` and records how long it took, when there is something to record it in. */
export async function timed<T>(timing: Timing | null, name: string, work: () => Promise<T>): Promise<T> {
  const end = timing?.start(name);
  try {
    return await work();
  } finally {
    end?.();
  }
}
