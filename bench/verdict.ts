import { figure, ratio, type Measured } from "./measure.ts";
import type { Aim, Metric } from "./types.ts";

/** An aim, and whether a server reached it; `undefined` when there is nothing to compare with. */
export interface Verdict {
  readonly aim: string;
  readonly isMet: boolean | undefined;
}

export function verdicts(measured: Measured, server: string, metric: Metric): Verdict[] {
  return metric.aims.map((aim) => {
    const value =
      aim.of === "itself" ? figure(measured, server, metric.key) : ratio(measured, server, aim.of, metric.key);
    return { aim: describeAim(aim, metric), isMet: value === undefined ? undefined : reaches(value, aim, metric) };
  });
}

function describeAim({ of, bound, strict }: Aim, { better }: Metric): string {
  const sign = (better === "higher" ? ">" : "<") + (strict === true ? "" : "=");
  return of === "itself" ? `${sign} ${bound}` : `${sign} ${bound} ${of}`;
}

/** Compared as it is printed, with two digits after the point: 0.898 is 0.90. */
function reaches(value: number, { of, bound, strict }: Aim, { better }: Metric): boolean {
  const shown = of === "itself" ? value : Math.round(value * 100) / 100;
  if (shown === bound) return strict !== true;
  return better === "higher" ? shown > bound : shown < bound;
}

export function describeVerdict({ aim, isMet }: Verdict): string {
  if (isMet === undefined) return `${aim}: not compared`;
  return `${aim}: ${isMet ? "met" : "MISSED"}`;
}
