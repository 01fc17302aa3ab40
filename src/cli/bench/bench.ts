import { performance } from "node:perf_hooks";
import { Load, type LoadTarget } from "./load.ts";
import type { LiveLines } from "./live-lines.ts";
import { ratiosOf, sliceFigures, type Ratio, type SliceFigures } from "./ratios.ts";
import { serverResult, type ServerResult } from "./result.ts";
import type { LoadSettings } from "./settings.ts";
import { slicesOf } from "./slices.ts";

export interface BenchOptions {
  readonly run: string;
  readonly settings: LoadSettings;
  /** One server, or two that are to be compared. */
  readonly targets: readonly LoadTarget[];
  readonly signal: AbortSignal;
  readonly live: LiveLines | undefined;
}

/** What `--json` prints. */
export interface BenchResult {
  readonly settings: LoadSettings;
  /** It was ended before its time, and the figures are of what was done until then. */
  readonly interrupted: boolean;
  /** The share of its time that this process was at work: near 1 the figures are its own, and no server's. */
  readonly toolBusy: number;
  readonly servers: readonly ServerResult[];
  /** Of B to A; only when two were compared. */
  readonly ratios?: Readonly<Record<string, Ratio>> | undefined;
}

/**
 * Puts the load on one server, or on two in turns. Throws a `ClientError` when a server refuses it for good; what may pass
 * is counted. The signal ends it early, with what was measured until then.
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const { run, settings, targets, signal, live } = options;
  const loads = targets.map((target) => new Load({ run, target, settings, signal, live: live?.statistics }));
  const began = performance.eventLoopUtilization();
  const rounds = await measure(loads, options);
  const { utilization } = performance.eventLoopUtilization(began);
  return {
    settings,
    interrupted: signal.aborted,
    toolBusy: Math.round(utilization * 100) / 100,
    servers: loads.map((load, index) => serverResult(targets[index]?.url ?? "", load, settings)),
    ...(loads.length > 1 ? { ratios: ratiosOf(rounds) } : {}),
  };
}

type Round = readonly [a: SliceFigures, b: SliceFigures];

/** From connecting the readers to their end, whatever happens in between. */
async function measure(loads: readonly Load[], options: BenchOptions): Promise<readonly Round[]> {
  try {
    await Promise.all(loads.map((load) => load.start()));
    return await takeTurns(loads, options);
  } finally {
    await Promise.all(loads.map((load) => load.finish()));
  }
}

async function takeTurns(loads: readonly Load[], { settings, live }: BenchOptions): Promise<readonly Round[]> {
  /** By server, the figures of each of its rounds. */
  const figures: SliceFigures[][] = loads.map(() => []);
  for (const { server, durationMs, isMeasured } of slicesOf(
    loads.length,
    settings.durationSeconds,
    settings.warmupSeconds,
  )) {
    const load = loads[server];
    // Comparing ends with the first of the two that is over.
    if (load === undefined || loads.some(({ isOver }) => isOver)) break;
    const name = loads.length > 1 ? serverLetter(server) : "";
    if (live !== undefined) live.label = { server: name, isWarmup: !isMeasured };
    const statistics = await load.slice(durationMs, isMeasured);
    if (isMeasured && !load.isOver) figures[server]?.push(sliceFigures(statistics, settings.rate > 0));
  }
  const [ofA = [], ofB = []] = figures;
  return ofA.flatMap((a, index) => {
    const b = ofB[index];
    return b === undefined ? [] : [[a, b] as const];
  });
}

/** A for the first server, B for the second. */
export function serverLetter(server: number): string {
  return String.fromCharCode(65 + server);
}
