import { milliseconds } from "../ping/ping-text.ts";
import { Latencies, type Latency } from "./latencies.ts";
import { READER_MODES } from "./settings.ts";
import { Statistics } from "./statistics.ts";

const BLOCKS = "▁▂▃▄▅▆▇█";
const SPARKLINE_SECONDS = 20;
const USUAL_COLUMNS = 80;
const EVERY_MS = 1_000;

/** The last values as columns, the highest one full. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(...values, 0);
  if (highest === 0) return BLOCKS.charAt(0).repeat(values.length);
  return values.map((value) => BLOCKS.charAt(Math.round((value / highest) * (BLOCKS.length - 1)))).join("");
}

/** What is at work, when the line does not have to tell it by itself. */
export interface LiveLabel {
  /** A or B; empty when there is one server. */
  readonly server: string;
  readonly isWarmup: boolean;
}

/** Everything before the columns of the chart. */
const HEAD_WIDTH = 71;
const HEADER = `${"".padEnd(13)}appends/s      p50      p99 delivered/s      p50      p99`;

function latencyCells(latency: Latency | undefined): string {
  return [latency?.p50, latency?.p99].map((ms) => (ms === undefined ? "-" : milliseconds(ms)).padStart(9)).join("");
}

/** What happened in the last second, on one line of at most so many columns. */
export function liveLine(
  second: number,
  { server, isWarmup }: LiveLabel,
  statistics: Statistics,
  rates: readonly number[],
  columns: number,
): string {
  const { appends, service, deliveries, seconds } = statistics;
  const rate = (count: number): string => Math.round(count / Math.max(seconds, 0.001)).toLocaleString("en");
  const delivered = READER_MODES.reduce((sum, mode) => sum + deliveries[mode].messages, 0);
  const latencies = new Latencies();
  for (const mode of READER_MODES) latencies.add(deliveries[mode].latencies);
  const label = `${server} ${isWarmup ? "warm" : ""}`.trim().padEnd(7);
  const appended = `${rate(appends).padStart(9)}${latencyCells(service.summary())}`;
  const arrived = `${rate(delivered).padStart(12)}${latencyCells(latencies.summary())}`;
  // A terminal that does not know its width says 0.
  const width = columns > 0 ? columns : USUAL_COLUMNS;
  const room = Math.min(SPARKLINE_SECONDS, Math.max(0, width - HEAD_WIDTH));
  const chart = room === 0 ? "" : sparkline(rates.slice(-room));
  return `${String(second).padStart(4)}s ${label}${appended}${arrived} ${chart}`.trimEnd();
}

/** A line on a terminal for every second. Each takes what was measured since the last one. */
export class LiveLines {
  readonly #print: (line: string) => void;
  readonly #columns: () => number;
  readonly #startedMs = performance.now();
  /** Appends a second, by server. */
  readonly #rates = new Map<string, number[]>();
  readonly #timer: NodeJS.Timeout;
  #lastMs = this.#startedMs;
  /** Gets everything that is measured. */
  readonly statistics = new Statistics();
  label: LiveLabel = { server: "", isWarmup: false };

  /** `columns` tells how wide the terminal is now. */
  constructor(print: (line: string) => void, columns: () => number) {
    this.#print = print;
    this.#columns = columns;
    print(HEADER);
    this.#timer = setInterval(() => {
      this.#show();
    }, EVERY_MS);
  }

  #show(): void {
    const nowMs = performance.now();
    const { statistics, label } = this;
    statistics.seconds = (nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    const rates = [...(this.#rates.get(label.server) ?? []), statistics.appends / statistics.seconds];
    this.#rates.set(label.server, rates.slice(-SPARKLINE_SECONDS));
    const second = Math.round((nowMs - this.#startedMs) / 1_000);
    this.#print(liveLine(second, label, statistics, rates, this.#columns()));
    statistics.reset();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
