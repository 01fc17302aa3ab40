// What a request's JSON may look like. A shape answers what is wrong, or nothing.

export type Shape = (value: unknown, at: string) => string | undefined;

const wrong = (at: string, what: string, value: unknown): string =>
  `${at} should be ${what}, and is ${JSON.stringify([value]).slice(1, 80)}`;

export const text: Shape = (value, at) => (typeof value === "string" ? undefined : wrong(at, "a string", value));
export const boolean: Shape = (value, at) => (typeof value === "boolean" ? undefined : wrong(at, "a boolean", value));
export const number: Shape = (value, at) => (typeof value === "number" ? undefined : wrong(at, "a number", value));
export const anything: Shape = () => undefined;

export function exactly(...allowed: readonly unknown[]): Shape {
  return (value, at) => (allowed.includes(value) ? undefined : wrong(at, `one of ${JSON.stringify(allowed)}`, value));
}

export function matching(pattern: RegExp): Shape {
  return (value, at) =>
    typeof value === "string" && pattern.test(value) ? undefined : wrong(at, `a string like ${String(pattern)}`, value);
}

export function nullable(shape: Shape): Shape {
  return (value, at) => (value === null ? undefined : shape(value, at));
}

export function listOf(shape: Shape): Shape {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((each, index) => shape(each, `${at}[${index}]`)).find((problem) => problem !== undefined)
      : wrong(at, "a list", value);
}

export function recordOf(shape: Shape): Shape {
  return (value, at) =>
    isRecord(value)
      ? Object.entries(value)
          .map(([name, each]) => shape(each, `${at}.${name}`))
          .find((problem) => problem !== undefined)
      : wrong(at, "an object", value);
}

/** An object with these fields, perhaps those, and no others. */
export function fields(
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  return (value, at) => {
    if (!isRecord(value)) return wrong(at, "an object", value);
    const missing = Object.keys(required).find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) return `${at}.${missing} is missing`;
    for (const [name, each] of Object.entries(value)) {
      const shape = required[name] ?? optional[name];
      if (shape === undefined) return `${at}.${name} is not known`;
      const problem = shape(each, `${at}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
