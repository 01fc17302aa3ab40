/** What a number of measured times come to, in milliseconds. */
export interface Times {
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank: every value told is one that was measured. `undefined` when nothing was. */
export function timesOf(values: readonly number[]): Times | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? max;
  return { min, p50: rank(0.5), p99: rank(0.99), max };
}
