import { figure, ratio, type Measured } from "./measure.ts";
import { shown, shownRatio, table } from "./table.ts";
import type { Metric, Target } from "./types.ts";
import { describeVerdict, verdicts } from "./verdict.ts";

/** Servers that are measured to be compared with. */
const YARDSTICKS = ["limit", "ref"];

/** Prints a scenario: a line for each of its figures, and what went wrong. */
export function printScenario(measured: Measured, servers: readonly Target[]): void {
  const { scenario, failures, samples } = measured;
  const rounds = Math.max(0, ...[...samples.values()].map((list) => list.length));
  process.stdout.write(`\n${scenario.key}. ${scenario.title} (medians of ${rounds} rounds)\n`);
  const names = servers.map(({ name }) => name);
  const judged = names.filter((name) => !YARDSTICKS.includes(name));
  const pairs = judged.flatMap((name) => others(name, names).map((other) => [name, other] as const));
  const header = ["", ...names, ...pairs.map(([name, other]) => `${name}/${other}`), "aim of ours"];
  const rows = scenario.metrics.map((metric) => [
    metric.label,
    ...names.map((name) => shown(figure(measured, name, metric.key))),
    ...pairs.map(([name, other]) => shownRatio(ratio(measured, name, other, metric.key))),
    aimText(measured, metric),
  ]);
  process.stdout.write(`${table(header, rows)}\n`);
  for (const [name, reason] of failures) process.stdout.write(`FAILED ${name}: ${reason}\n`);
}

/** Ours is held against the yardsticks, and another Worker against ours as well. */
function others(name: string, names: readonly string[]): string[] {
  return names.filter((other) => YARDSTICKS.includes(other) || (name !== "ours" && other === "ours"));
}

function aimText(measured: Measured, metric: Metric): string {
  return verdicts(measured, "ours", metric).map(describeVerdict).join("; ");
}

/** Everything that was measured, every round of it. */
export function asJson(results: readonly Measured[]): unknown {
  return results.map((measured) => ({
    key: measured.scenario.key,
    title: measured.scenario.title,
    failures: Object.fromEntries(measured.failures),
    metrics: measured.scenario.metrics.map((metric) => ({
      key: metric.key,
      label: metric.label,
      better: metric.better,
      medians: Object.fromEntries(
        [...measured.samples.keys()].map((name) => [name, figure(measured, name, metric.key)]),
      ),
      rounds: Object.fromEntries(
        [...measured.samples].map(([name, samples]) => [name, samples.map((sample) => sample[metric.key])]),
      ),
      oursToLimit: ratio(measured, "ours", "limit", metric.key),
      oursToRef: ratio(measured, "ours", "ref", metric.key),
      aims: verdicts(measured, "ours", metric),
    })),
  }));
}
