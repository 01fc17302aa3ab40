import { milliseconds } from "../ping/ping-text.ts";
import { Latencies, type Latency } from "./latencies.ts";
import { READER_MODES } from "./settings.ts";
import { Statistics } from "./statistics.ts";

const BLOCKS = "▁▂▃▄▅▆▇█";
const SPARKLINE_SECONDS = 20;
const EVERY_MS = 1_000;

/** The last values as columns, the highest one full. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(...values, 0);
  if (highest === 0) return BLOCKS.charAt(0).repeat(values.length);
  return values.map((value) => BLOCKS.charAt(Math.round((value / highest) * (BLOCKS.length - 1)))).join("");
}

function latencyText(latency: Latency | undefined): string {
  if (latency === undefined) return "";
  return ` p50 ${milliseconds(latency.p50)} p99 ${milliseconds(latency.p99)}`;
}

/** What happened in the last second, on one line. */
export function liveLine(second: number, label: string, statistics: Statistics, rates: readonly number[]): string {
  const { appends, service, deliveries, seconds } = statistics;
  const rate = (count: number): string => Math.round(count / Math.max(seconds, 0.001)).toLocaleString("en");
  const delivered = READER_MODES.reduce((sum, mode) => sum + deliveries[mode].messages, 0);
  const latencies = new Latencies();
  for (const mode of READER_MODES) latencies.add(deliveries[mode].latencies);
  return [
    `${String(second).padStart(4)}s${label === "" ? "" : ` ${label}`}`,
    `${rate(appends).padStart(6)} appends/s${latencyText(service.summary())}`,
    `${rate(delivered).padStart(6)} delivered/s${latencyText(latencies.summary())}`,
    sparkline(rates),
  ].join("  ");
}

/** A line on a terminal for every second. Each takes what was measured since the last one. */
export class LiveLines {
  readonly #print: (line: string) => void;
  readonly #startedMs = performance.now();
  readonly #rates: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastMs = this.#startedMs;
  /** Gets everything that is measured. */
  readonly statistics = new Statistics();
  /** Which server is at work, when there are several, and that it only warms up. */
  label = "";

  constructor(print: (line: string) => void) {
    this.#print = print;
    this.#timer = setInterval(() => {
      this.#show();
    }, EVERY_MS);
  }

  #show(): void {
    const nowMs = performance.now();
    const { statistics } = this;
    statistics.seconds = (nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    this.#rates.push(statistics.appends / statistics.seconds);
    if (this.#rates.length > SPARKLINE_SECONDS) this.#rates.shift();
    this.#print(liveLine(Math.round((nowMs - this.#startedMs) / 1_000), this.label, statistics, this.#rates));
    statistics.reset();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
