import { median } from "./load/stats.ts";
import type { Sample, Scenario, Size, Target } from "./types.ts";

/** What a scenario came to. */
export interface Measured {
  readonly scenario: Scenario;
  /** By the name of the server, a sample for each round. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Servers that did not do what was asked, and what they did instead. */
  readonly failures: ReadonlyMap<string, string>;
}

/** How much of a counted round's time the round that only warms up takes. */
const WARM_UP_SHARE = 0.3;

/**
 * Runs a scenario round by round, all servers in each round and another one first each time, so that whatever else
 * happens on the machine meets all of them.
 */
export async function measure(scenario: Scenario, targets: readonly Target[], size: Size): Promise<Measured> {
  const samples = new Map<string, Sample[]>();
  const failures = new Map<string, string>();
  const taking = targets.filter((target) => scenario.hasLimit || target.name !== "limit");

  async function attempt(target: Target, work: () => Promise<Sample | undefined>): Promise<void> {
    if (failures.has(target.name)) return;
    try {
      const sample = await work();
      if (sample !== undefined) samples.set(target.name, [...(samples.get(target.name) ?? []), sample]);
    } catch (error) {
      failures.set(target.name, error instanceof Error ? error.message : String(error));
    }
  }

  for (const target of taking) {
    await attempt(target, async () => {
      await scenario.prepare?.(target);
      await scenario.run(target, size.loadMs * WARM_UP_SHARE);
      return undefined;
    });
  }
  const endsAt = performance.now() + size.scenarioMs;
  for (let round = 0; round < size.rounds && (round === 0 || performance.now() < endsAt); round++) {
    for (let i = 0; i < taking.length; i++) {
      const target = taking[(i + round) % taking.length];
      if (target !== undefined) await attempt(target, () => scenario.run(target, size.loadMs));
    }
  }
  return { scenario, samples, failures };
}

/** The median of a server's figure over the rounds; `undefined` when it has none. */
export function figure(measured: Measured, server: string, key: string): number | undefined {
  const values = measured.samples.get(server)?.map((sample) => sample[key] ?? Number.NaN);
  return values === undefined || measured.failures.has(server) ? undefined : median(values);
}

/** The median over the rounds of how many times `other`'s figure a server's figure was in that round. */
export function ratio(measured: Measured, server: string, other: string, key: string): number | undefined {
  if (measured.failures.has(server) || measured.failures.has(other)) return undefined;
  const theirs = measured.samples.get(other);
  const ratios = measured.samples.get(server)?.flatMap((sample, round) => {
    const against = theirs?.[round]?.[key];
    return against === undefined ? [] : [(sample[key] ?? Number.NaN) / against];
  });
  return ratios === undefined || ratios.length === 0 ? undefined : median(ratios);
}
