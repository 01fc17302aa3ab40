const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
];

/** Below this, tenths of a second are told. */
const TENTHS_BELOW_SECONDS = 10;

/** A time in all its units, `1 h 59 min 58 s`: whoever is about to use a token wants to know what is really left. */
export function exactTime(seconds: number): string {
  if (seconds < TENTHS_BELOW_SECONDS) return `${seconds.toFixed(1)} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [name, unit] of UNITS) {
    if (rest >= unit) parts.push(`${String(Math.floor(rest / unit))} ${name}`);
    rest %= unit;
  }
  if (rest > 0) parts.push(`${String(rest)} s`);
  return parts.join(" ");
}
