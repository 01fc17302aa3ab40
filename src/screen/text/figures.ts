/** Figures where there is little room. */

/** The lowest one is for nothing at all. */
const BARS = "▁▂▃▄▅▆▇█";

/** 950, 12.3k, 4.6M: no more than five characters. */
export function shortNumber(value: number): string {
  if (value < 1_000) return Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
  if (value < 999_500) return `${(value / 1_000).toFixed(value < 99_950 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(value < 99_950_000 ? 1 : 0)}M`;
}

/** Bars for counts, the newest on the right; a bar may stand for several of them, and the tallest has full height. */
export function sparkline(counts: readonly number[], columns: number): string {
  const each = Math.ceil(counts.length / Math.max(1, columns));
  const sums: number[] = [];
  for (let end = counts.length; end > 0; end -= each) {
    sums.unshift(counts.slice(Math.max(0, end - each), end).reduce((sum, count) => sum + count, 0));
  }
  const top = Math.max(1, ...sums);
  return sums.map((sum) => BARS[Math.ceil((sum / top) * (BARS.length - 1))] ?? "").join("");
}

/** Time of day with milliseconds, in the person's own time zone. */
export function timeOfDay(atMs: number): string {
  const at = new Date(atMs);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
