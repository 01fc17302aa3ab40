/** What may stand in a field of an answer. What is printed is checked by these, whoever answers. */
export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === "string";
/** What stands in sentences: visible ASCII without spaces, in which a terminal finds nothing to obey. */
export const isWord: Check = (value) => typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
export const isFlag: Check = (value) => typeof value === "boolean";
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** More milliseconds than this, and no date has them. */
const TIME_MAX_MS = 8.64e15;
export const isTime: Check = (value) => isCount(value) && (value as number) <= TIME_MAX_MS;

export function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

export function nullable(check: Check): Check {
  return (value) => value === null || check(value);
}

export function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

export function objectOf(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    const record = value as Readonly<Record<string, unknown>>;
    return Object.entries(fields).every(([name, check]) => check(record[name]));
  };
}
