import { env } from "cloudflare:workers";

type Method = "put" | "get" | "head" | "list" | "delete";
type Args = readonly unknown[];

/** One call of the bucket: what it was given, and how to let it happen after all. */
export interface BucketCall {
  readonly method: Method;
  readonly args: Args;
  readonly real: (args?: Args) => Promise<unknown>;
}

type Interception = (call: BucketCall) => Promise<unknown>;

const METHODS: readonly Method[] = ["put", "get", "head", "list", "delete"];

/**
 * Stands between all of an isolate and its bucket: the Worker's objects and its edge share one prototype of the binding. It
 * counts every call, and lets a test decide what becomes of it.
 */
export class WatchedBucket {
  readonly counts: Record<Method, number> = { put: 0, get: 0, head: 0, list: 0, delete: 0 };
  #intercept: Interception | undefined;
  readonly #prototype = Object.getPrototypeOf(env.R2) as Record<Method, (...args: unknown[]) => Promise<unknown>>;
  readonly #originals = new Map<Method, (...args: unknown[]) => Promise<unknown>>();

  constructor() {
    for (const method of METHODS) {
      const original = this.#prototype[method];
      this.#originals.set(method, original);
      const called = (bucket: unknown, args: unknown[]): Promise<unknown> => {
        this.counts[method]++;
        const real = (instead?: Args): Promise<unknown> => original.apply(bucket, [...(instead ?? args)]);
        return this.#intercept === undefined ? real() : this.#intercept({ method, args, real });
      };
      this.#prototype[method] = function (...args) {
        return called(this, args);
      };
    }
  }

  /** From now on every call goes through this; without an argument it just happens. */
  intercept(interception?: Interception): void {
    this.#intercept = interception;
  }

  /** Makes every call of some methods throw. */
  fail(...methods: Method[]): void {
    this.intercept(async ({ method, real }) => {
      if (methods.includes(method)) throw new Error(`injected failure of ${method}`);
      return real();
    });
  }

  /** What was called since the last time somebody took it. */
  take(): Record<Method, number> {
    const taken = { ...this.counts };
    for (const method of METHODS) this.counts[method] = 0;
    return taken;
  }

  [Symbol.dispose](): void {
    for (const [method, original] of this.#originals) this.#prototype[method] = original;
  }
}

/** All keys of the bucket that begin with `prefix`, sorted. */
export async function keysOf(prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.R2.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return keys.sort();
}
