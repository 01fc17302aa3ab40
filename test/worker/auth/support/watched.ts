import { env } from "cloudflare:workers";
import { ProjectDO } from "../../../../src/worker/projects/project-do.ts";

type Function = (...args: unknown[]) => unknown;

interface Call<Method extends string> {
  readonly method: Method;
  readonly args: readonly unknown[];
  readonly real: () => unknown;
}

/** Stands between all of an isolate and methods that it shares, counts their calls, and lets a test decide about them. */
class Watched<Method extends string> {
  readonly calls: Method[] = [];
  readonly #prototype: Record<Method, Function>;
  readonly #originals: readonly (readonly [Method, Function])[];
  #intercept: ((call: Call<Method>) => unknown) | undefined;

  constructor(prototype: object, methods: readonly Method[]) {
    this.#prototype = prototype as Record<Method, Function>;
    this.#originals = methods.map((method) => [method, this.#prototype[method]] as const);
    for (const [method, original] of this.#originals) {
      const called = (self: unknown, args: unknown[]): unknown => {
        this.calls.push(method);
        const real = (): unknown => original.apply(self, args);
        return this.#intercept === undefined ? real() : this.#intercept({ method, args, real });
      };
      this.#prototype[method] = function (...args) {
        return called(this, args);
      };
    }
  }

  /** From now on every call goes through this; without an argument it just happens. */
  intercept(interception?: (call: Call<Method>) => unknown): void {
    this.#intercept = interception;
  }

  /** Makes every call of some methods fail. */
  fail(...methods: Method[]): void {
    this.intercept(({ method, real }) => {
      if (methods.includes(method)) throw new Error(`injected failure of ${method}`);
      return real();
    });
  }

  [Symbol.dispose](): void {
    for (const [method, original] of this.#originals) this.#prototype[method] = original;
  }
}

/** KV, as the objects of projects and the edge use it. */
export function watchRegistry(): Watched<"get" | "put" | "delete"> {
  return new Watched(Object.getPrototypeOf(env.REGISTRY) as object, ["get", "put", "delete"]);
}

/** The list of all projects, at the door of its object. */
export function watchIndex(): Watched<"putName" | "removeName"> {
  return new Watched(ProjectDO.prototype, ["putName", "removeName"]);
}
