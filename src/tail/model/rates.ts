/** What came in each of the last seconds. Times are milliseconds of any clock that does not go back. */

/** How far the sparkline looks back, in seconds. */
export const RATE_SECONDS = 60;

/** The figure beside it is the mean of the last so many seconds. */
const RATE_MEAN_SECONDS = 5;

export interface Rates {
  /** The second that the last bucket counts. */
  readonly second: number;
  /** One count a second, oldest first; the last second is not over yet. */
  readonly messages: readonly number[];
  readonly bytes: readonly number[];
}

const NOTHING: readonly number[] = Array.from({ length: RATE_SECONDS }, () => 0);

export const NO_RATES: Rates = { second: 0, messages: NOTHING, bytes: NOTHING };

function shifted(counts: readonly number[], seconds: number): readonly number[] {
  return seconds >= RATE_SECONDS ? NOTHING : [...counts.slice(seconds), ...NOTHING.slice(0, seconds)];
}

/** Time has passed: what is older than a minute goes. */
export function advanced(rates: Rates, atMs: number): Rates {
  const second = Math.floor(atMs / 1000);
  const passed = second - rates.second;
  if (passed <= 0) return rates;
  return { second, messages: shifted(rates.messages, passed), bytes: shifted(rates.bytes, passed) };
}

function withLast(counts: readonly number[], added: number): readonly number[] {
  return [...counts.slice(0, -1), (counts.at(-1) ?? 0) + added];
}

export function counted(rates: Rates, atMs: number, messages: number, bytes: number): Rates {
  const now = advanced(rates, atMs);
  return { ...now, messages: withLast(now.messages, messages), bytes: withLast(now.bytes, bytes) };
}

/** Mean per second of the last whole seconds. */
export function meanPerSecond(counts: readonly number[]): number {
  const recent = counts.slice(-RATE_MEAN_SECONDS - 1, -1);
  return recent.reduce((sum, count) => sum + count, 0) / RATE_MEAN_SECONDS;
}

/** The rates of several streams together; all have been brought to the same second. */
export function summed(all: readonly Rates[]): Rates {
  const second = Math.max(0, ...all.map((rates) => rates.second));
  const now = all.map((rates) => advanced(rates, second * 1000));
  const sum = (of: (rates: Rates) => readonly number[]): readonly number[] =>
    NOTHING.map((_, i) => now.reduce((total, rates) => total + (of(rates)[i] ?? 0), 0));
  return { second, messages: sum(({ messages }) => messages), bytes: sum(({ bytes }) => bytes) };
}
