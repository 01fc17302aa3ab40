import { usageFailure } from "./command-failure.ts";

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `90s`, `15m`, `12h`, `7d` or `2w` in whole seconds. */
export function parseDurationSeconds(text: string, flag: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})([smhdw])$/.exec(text) ?? [];
  const unitSeconds = UNIT_SECONDS[unit];
  if (digits === "" || unitSeconds === undefined) {
    const problem = /^\d+$/.test(text) ? "has no unit: seconds, minutes, hours, days or weeks?" : "is not a duration.";
    throw usageFailure(`${flag} ${JSON.stringify(text)} ${problem}`, `Write it like ${flag} 90s, 15m, 12h, 7d or 2w.`);
  }
  return Number(digits) * unitSeconds;
}

const UNIT_MS: Record<string, number> = { "": 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `250ms`, `1s`, `5m` or `1h` in milliseconds; a bare number is milliseconds. Refuses what is more than `mostMs`. */
export function parseDurationMs(text: string, flag: string, mostMs: number): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})(ms|s|m|h|)$/.exec(text) ?? [];
  const ms = Number(digits) * (UNIT_MS[unit] ?? NaN);
  if (digits !== "" && ms <= mostMs) return ms;
  const problem = digits === "" ? "is not a duration." : `is more than ${spanWords(mostMs / 1_000)}.`;
  throw usageFailure(`${flag} ${JSON.stringify(text)} ${problem}`, `Write it like ${flag} 250ms or 1s; 250 is 250 ms.`);
}

const SPANS: readonly (readonly [name: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** From about two of a unit on it is used: "36 hours" says more than "2 days". */
const LEAST_OF_UNIT = 1.99;

/** How long something takes or lasts, for people, in one unit and rounded to the nearest: "24 hours", "59 minutes". */
export function spanWords(seconds: number): string {
  const [name, unit] = SPANS.find(([, size]) => seconds / size >= LEAST_OF_UNIT) ?? ["second", 1];
  const count = Math.max(0, Math.round(seconds / unit));
  return `${String(count)} ${name}${count === 1 ? "" : "s"}`;
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Checks an RFC 3339 timestamp and hands it on as it is. */
export function requireTimestamp(text: string, flag: string): string {
  if (RFC_3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw usageFailure(
    `${flag} ${JSON.stringify(text)} is not an RFC 3339 timestamp.`,
    `Write it like ${flag} 2030-01-31T12:00:00Z.`,
  );
}
