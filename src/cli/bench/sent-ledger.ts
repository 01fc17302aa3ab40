/** How many messages of each chain of each writer the server has acknowledged: what every reader must get. */
export class SentLedger {
  readonly #acknowledged: number[][];

  constructor(writers: number) {
    this.#acknowledged = Array.from({ length: writers }, () => [0]);
  }

  get writers(): number {
    return this.#acknowledged.length;
  }

  /** The chains of a writer, each with the number of its messages that are surely stored. */
  chainsOf(writer: number): readonly number[] {
    return this.#acknowledged[writer] ?? [];
  }

  acknowledge(writer: number, chain: number, messages: number): void {
    const chains = this.#acknowledged[writer];
    if (chains?.[chain] === undefined) throw new Error(`writer ${String(writer)} has no chain ${String(chain)}`);
    chains[chain] += messages;
  }

  /** Begins the next chain of a writer and says which one that is. What the last one left open may be stored or not. */
  nextChain(writer: number): number {
    const chains = this.#acknowledged[writer];
    if (chains === undefined) throw new Error(`there is no writer ${String(writer)}`);
    return chains.push(0) - 1;
  }
}
