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

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Checks an RFC 3339 timestamp and hands it on as it is. */
export function requireTimestamp(text: string, flag: string): string {
  if (RFC_3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw usageFailure(
    `${flag} ${JSON.stringify(text)} is not an RFC 3339 timestamp.`,
    `Write it like ${flag} 2030-01-31T12:00:00Z.`,
  );
}
