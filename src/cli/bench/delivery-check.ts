import { visibleLine } from "../../client/visible-text.ts";
import { shortened } from "../../client/shortened.ts";
import { CHAIN_START, chainHash, messageText, parseMessage, type ChainedMessage } from "./message.ts";
import type { SentLedger } from "./sent-ledger.ts";
import { Gaps, ViolationLog, type Violation } from "./violations.ts";

export interface DeliveryCheckOptions {
  readonly run: string;
  /** How the reader is called in what is said of it. */
  readonly reader: string;
  readonly ledger: SentLedger;
  /** Whether bytes come back as they were sent; a JSON stream only keeps values. */
  readonly isVerbatim: boolean;
  /** Others may have written to the stream as well: what is no message of this run is passed over. */
  readonly isShared: boolean;
}

/** How far a reader has come in one chain. */
interface ChainState {
  next: number;
  /** Of the last message; not known after a gap. */
  hash: string | undefined;
  readonly gaps: Gaps;
}

/** Proves of one reader that it gets every message of every writer once, in the writer's order and intact. */
export class DeliveryCheck {
  readonly #options: DeliveryCheckOptions;
  /** By writer and chain. */
  readonly #states: Map<number, ChainState>[];
  readonly #latest: number[];
  readonly log = new ViolationLog();
  /** Messages of this run, those that should not have come included. */
  messages = 0;
  /** What others wrote. */
  foreign = 0;

  constructor(options: DeliveryCheckOptions) {
    this.#options = options;
    const { writers } = options.ledger;
    this.#states = Array.from({ length: writers }, () => new Map<number, ChainState>());
    this.#latest = Array.from({ length: writers }, () => 0);
  }

  /** Takes the next message that came. Returns it when it is the one that was due, or one further on. */
  accept(text: string): ChainedMessage | undefined {
    const message = parseMessage(text);
    if (message?.run !== this.#options.run) {
      this.#stranger(text);
      return undefined;
    }
    this.messages++;
    const { ledger, isVerbatim } = this.#options;
    const isKnown = ledger.chainsOf(message.writer)[message.chain] !== undefined;
    if (!isKnown || (isVerbatim && messageText(message) !== text)) {
      this.#violation("damaged", message, "is not what was sent");
      // It stands for the message that it claims to be, unless that is none.
      return isKnown ? this.#inOrder(message, true) : undefined;
    }
    return this.#inOrder(message, false);
  }

  #stranger(text: string): void {
    this.foreign++;
    if (this.#options.isShared) return;
    const detail = `${JSON.stringify(visibleLine(shortened(text)))} is no message of this run`;
    this.log.add({ kind: "damaged", reader: this.#options.reader, detail });
  }

  #inOrder(message: ChainedMessage, isDamaged: boolean): ChainedMessage | undefined {
    const { writer, chain, seq } = message;
    if (chain > (this.#latest[writer] ?? 0)) this.#endChains(writer, chain);
    const state = this.#state(writer, chain);
    if (seq < state.next) {
      const gap = state.gaps.fill(seq);
      if (gap !== undefined) this.log.cameLate(gap, seq);
      else this.#violation("duplicate", message, "came a second time");
      return undefined;
    }
    if (seq > state.next) this.#gap(writer, chain, seq, `${String(seq)} came in its place`);
    const { hash } = state;
    state.next = seq + 1;
    state.hash = message.hash;
    if (!isDamaged && hash !== undefined && chainHash(hash, message) !== message.hash) {
      this.#violation("damaged", message, "does not have the hash that follows from the one before");
    }
    return message;
  }

  /** A writer has begun another chain: all that was acknowledged of its earlier ones comes before that. */
  #endChains(writer: number, chain: number): void {
    const counts = this.#options.ledger.chainsOf(writer);
    for (let each = this.#latest[writer] ?? 0; each < chain; each++) {
      this.#gap(writer, each, counts[each] ?? 0, `chain ${String(chain)} began`);
    }
    this.#latest[writer] = chain;
  }

  #state(writer: number, chain: number): ChainState {
    const states = this.#states[writer];
    const state = states?.get(chain) ?? { next: 0, hash: CHAIN_START, gaps: new Gaps() };
    states?.set(chain, state);
    return state;
  }

  #gap(writer: number, chain: number, to: number, happened: string): void {
    const from = this.#states[writer]?.get(chain)?.next ?? 0;
    if (from >= to) return;
    const state = this.#state(writer, chain);
    const { reader } = this.#options;
    const others = to - from === 1 ? "" : ` and the ${String(to - from - 1)} after it`;
    const detail = `message ${String(from)} of writer ${String(writer)}${others} did not come: ${happened}`;
    const violation: Violation = { kind: "missing", reader, writer, chain, seq: from, detail };
    state.gaps.add({ from, to, violation: this.log.add(violation, to - from) });
    state.next = to;
    state.hash = undefined;
  }

  #violation(kind: "damaged" | "duplicate", { writer, chain, seq }: ChainedMessage, what: string): void {
    const detail = `message ${String(seq)} of writer ${String(writer)} ${what}`;
    this.log.add({ kind, reader: this.#options.reader, writer, chain, seq, detail });
  }

  /** How many acknowledged messages have still to come. */
  behind(): number {
    const { ledger } = this.#options;
    let count = 0;
    for (let writer = 0; writer < ledger.writers; writer++) {
      const counts = ledger.chainsOf(writer);
      for (let chain = this.#latest[writer] ?? 0; chain < counts.length; chain++) {
        count += Math.max(0, (counts[chain] ?? 0) - (this.#states[writer]?.get(chain)?.next ?? 0));
      }
    }
    return count;
  }

  /** Nothing more will come: what has not is missing. */
  finish(): void {
    const { ledger } = this.#options;
    for (let writer = 0; writer < ledger.writers; writer++) {
      for (const [chain, count] of ledger.chainsOf(writer).entries()) {
        this.#gap(writer, chain, count, "it was waited for in vain");
      }
    }
  }
}
