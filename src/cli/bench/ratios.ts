import { READER_MODES } from "./settings.ts";
import type { Statistics } from "./statistics.ts";

/** How many times the figure of A that of B is: the median over the rounds, with the lowest and the highest of them. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** What one slice of time came to, by the name of the figure. */
export type SliceFigures = Readonly<Record<string, number>>;

export function sliceFigures(statistics: Statistics, hasRate: boolean): SliceFigures {
  const { service, intended, deliveries, appends, seconds } = statistics;
  const latencies = {
    "append p50": service.summary()?.p50,
    "append p99": service.summary()?.p99,
    ...(hasRate ? { "due p50": intended.summary()?.p50, "due p99": intended.summary()?.p99 } : {}),
    ...Object.fromEntries(
      READER_MODES.flatMap((mode) => {
        const summary = deliveries[mode].latencies.summary();
        return [
          [`${mode} p50`, summary?.p50],
          [`${mode} p99`, summary?.p99],
        ];
      }),
    ),
  };
  const figures: Record<string, number> = { "appends/s": appends / seconds };
  for (const [name, value] of Object.entries(latencies)) if (value !== undefined) figures[name] = value;
  return figures;
}

/** Compares within each round, so that what disturbs the machine for a while disturbs both. */
export function ratiosOf(
  rounds: readonly (readonly [a: SliceFigures, b: SliceFigures])[],
): Readonly<Record<string, Ratio>> {
  const names = new Set(rounds.flatMap(([a]) => Object.keys(a)));
  const ratios: Record<string, Ratio> = {};
  for (const name of names) {
    const values = rounds
      .map(([a, b]) => (b[name] ?? Number.NaN) / (a[name] ?? Number.NaN))
      .filter((value) => Number.isFinite(value))
      .sort((left, right) => left - right);
    if (values.length > 0) ratios[name] = ratioOf(values);
  }
  return ratios;
}

function ratioOf(sorted: readonly number[]): Ratio {
  const at = (index: number): number => sorted[index] ?? 0;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
  return { median: rounded(median), min: rounded(at(0)), max: rounded(at(sorted.length - 1)), rounds: sorted.length };
}
