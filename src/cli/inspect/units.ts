const THOUSAND = 1000;
const UNITS = ["kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes for people: exact below a thousand, else in three digits. */
export function humanBytes(bytes: number): string {
  if (bytes < THOUSAND) return `${String(bytes)} B`;
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
const AGES: readonly (readonly [name: string, ms: number])[] = [
  ["d", 24 * 60 * 60 * SECOND_MS],
  ["h", 60 * 60 * SECOND_MS],
  ["m", 60 * SECOND_MS],
];

/** How long ago something was, in one unit: `3d`, `5h`, `12m`, `40s`. Clocks that differ make no age negative. */
export function humanAge(sinceMs: number, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - sinceMs);
  const [name, unitMs] = AGES.find(([, ms]) => ageMs >= ms) ?? ["s", SECOND_MS];
  return `${String(Math.floor(ageMs / unitMs))}${name}`;
}

/** A number and what it counts, in the plural unless it is one. */
export function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}
