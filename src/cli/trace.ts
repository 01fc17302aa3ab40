/** So many lines are kept while a view has the terminal, the newest ones. */
const HELD_MAX_LINES = 2_000;

/** Where it goes: stderr. */
interface TraceOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * What `DURABLE_STREAMS_DEBUG=api` shows of requests, on stderr. Where that is the terminal that a full-screen view has taken,
 * lines would tear the view: they wait until it is left.
 */
export class Trace {
  readonly #output: TraceOutput;
  #held: string[] | undefined;
  #dropped = 0;

  constructor(output: TraceOutput = process.stderr) {
    this.#output = output;
  }

  readonly write = (line: string): void => {
    if (this.#held === undefined) {
      this.#output.write(`${line}\n`);
      return;
    }
    this.#held.push(line);
    if (this.#held.length <= HELD_MAX_LINES) return;
    this.#held.shift();
    this.#dropped++;
  };

  /** A view takes the terminal. What goes into a file goes there at once all the same. */
  hold(): void {
    if (this.#output.isTTY) this.#held ??= [];
  }

  /** The view is left. */
  release(): void {
    const lines = this.#held ?? [];
    const dropped = this.#dropped;
    this.#held = undefined;
    this.#dropped = 0;
    if (dropped > 0) {
      this.write(
        `${String(dropped)} lines of the trace from before these are lost: ${String(HELD_MAX_LINES)} are kept while a view has the terminal. 2>FILE keeps all.`,
      );
    }
    for (const line of lines) this.write(line);
  }
}
