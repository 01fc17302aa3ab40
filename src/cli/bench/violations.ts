/** What can be wrong with what a reader gets. */
export type ViolationKind = "missing" | "duplicate" | "out-of-order" | "damaged";

export interface Violation {
  kind: ViolationKind;
  /** Such as `sse 0`. */
  readonly reader: string;
  /** Not known of what is no message at all. */
  readonly writer?: number | undefined;
  readonly chain?: number | undefined;
  /** The first message that it concerns, by its number in the writer's chain. */
  readonly seq?: number | undefined;
  detail: string;
}

export type ViolationCounts = Readonly<Record<ViolationKind, number>>;

interface Gap {
  readonly from: number;
  readonly to: number;
  readonly violation: Violation;
}

/** Further gaps are counted; what fills them later is then taken for a duplicate. */
const GAPS_MAX = 1_000;

/** The messages of one chain that should have come and did not, as far as they have not come late. */
export class Gaps {
  #gaps: Gap[] = [];

  add(gap: Gap): void {
    if (this.#gaps.length < GAPS_MAX) this.#gaps.push(gap);
  }

  /** Takes a message out of the gap that it lies in, and returns what was said of that gap. */
  fill(seq: number): Violation | undefined {
    const gap = this.#gaps.find(({ from, to }) => seq >= from && seq < to);
    if (gap === undefined) return undefined;
    const { violation } = gap;
    const rest = [
      { from: gap.from, to: seq, violation },
      { from: seq + 1, to: gap.to, violation },
    ].filter(({ from, to }) => from < to);
    this.#gaps = [...this.#gaps.filter((each) => each !== gap), ...rest];
    return violation;
  }
}

/** Counts violations by kind, in messages, and keeps the first. */
export class ViolationLog {
  readonly #counts: Record<ViolationKind, number> = { missing: 0, duplicate: 0, "out-of-order": 0, damaged: 0 };
  first: Violation | undefined;

  get counts(): ViolationCounts {
    return this.#counts;
  }

  get total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  add(violation: Violation, messages = 1): Violation {
    this.#counts[violation.kind] += messages;
    this.first ??= violation;
    return violation;
  }

  /** What was missing came after all: it is in the wrong place and not lost. */
  cameLate(violation: Violation, seq: number): void {
    this.#counts.missing--;
    this.#counts["out-of-order"]++;
    if (violation.kind !== "missing") return;
    violation.kind = "out-of-order";
    violation.detail = `${violation.detail}; ${String(seq)} came later`;
  }
}
