/** Figures as people read them, the same wherever they are shown. */

const THOUSAND = 1000;
const UNITS = ["kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes, or bytes in a second: whole below a thousand, else in three digits. */
export function humanBytes(bytes: number): string {
  const whole = Math.round(bytes);
  if (whole < THOUSAND) return `${String(whole)} B`;
  let value = bytes;
  let unit: string = UNITS[0];
  for (const next of UNITS) {
    value /= THOUSAND;
    unit = next;
    // What rounds to 1000 of a unit is one of the next.
    if (value < 999.5) break;
  }
  return `${value.toFixed(value < 9.95 ? 2 : value < 99.5 ? 1 : 0)} ${unit}`;
}

const SECOND_MS = 1000;
const SPANS: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 24 * 60 * 60 * SECOND_MS],
  ["h", 60 * 60 * SECOND_MS],
  ["min", 60 * SECOND_MS],
];

/** How long something takes or is ago, in whole ones of one unit. Clocks that differ make it no less than nothing. */
export function humanDuration(ms: number): string {
  const [unit, unitMs] = SPANS.find(([, least]) => ms >= least) ?? ["s", SECOND_MS];
  return `${String(Math.max(0, Math.floor(ms / unitMs)))} ${unit}`;
}

/** A count with its thousands apart. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** A number and what it counts, in the plural unless it is one. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}
