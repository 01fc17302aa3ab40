import type { Cost } from "./operation-costs.ts";

/**
 * Counts what Cloudflare bills a Worker and its objects for. It holds in one isolate, where the Worker and its objects
 * share the prototypes of the storage API: so it works in Vitest's pool and in a Worker on Miniflare alike.
 */

interface Cursor {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Prototype = Record<string, Method>;

export class Meter {
  readonly #cursors: Cursor[] = [];
  #alarms = 0;
  #objectRequests = 0;
  #kvReads = 0;
  readonly #metered = new Set<object>();

  /** Counts what is done through storage of this kind from now on, by every object of the isolate. */
  watchStorage(storage: DurableObjectStorage): void {
    this.#wrap(storage.sql, "exec", (result) => this.#cursors.push(result as Cursor));
    this.#wrap(storage, "setAlarm", () => this.#alarms++);
  }

  /** Counts every call that arrives at an object of this class, also one that another object makes. */
  watchObjects(objects: { readonly prototype: object }): void {
    const prototype = objects.prototype as Prototype;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor" && name !== "alarm") this.#replace(prototype, name, () => this.#objectRequests++);
    }
  }

  /** A namespace whose stubs count each call. */
  countedNamespace<T extends object>(namespace: T): T {
    return countCalls(namespace, (name, result) => {
      if (!name.startsWith("get")) return result;
      return countCalls(result as object, (_call, answer) => {
        this.#objectRequests++;
        return answer;
      });
    });
  }

  countedRegistry(registry: KVNamespace): KVNamespace {
    return countCalls(registry, (name, result) => {
      if (name.startsWith("get")) this.#kvReads++;
      return result;
    });
  }

  /** What has been counted since the last time somebody took it. */
  take(): Cost {
    const cursors = this.#cursors.splice(0);
    const cost = {
      rowsWritten: cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0) + this.#alarms,
      rowsRead: cursors.reduce((sum, cursor) => sum + cursor.rowsRead, 0),
      objectRequests: this.#objectRequests,
      kvReads: this.#kvReads,
    };
    this.#alarms = 0;
    this.#objectRequests = 0;
    this.#kvReads = 0;
    return cost;
  }

  #wrap(instance: object, name: string, seen: (result: unknown) => void): void {
    const prototype = Object.getPrototypeOf(instance) as Prototype;
    if (this.#metered.has(prototype)) return;
    this.#metered.add(prototype);
    this.#replace(prototype, name, seen);
  }

  #replace(prototype: Prototype, name: string, seen: (result: unknown) => void): void {
    const method = prototype[name];
    if (method === undefined) throw new Error(`there is no ${name} any more`);
    prototype[name] = function (...args) {
      const result = method.apply(this, args);
      seen(result);
      return result;
    };
  }
}

/** An object whose every call is reported, and may be given another result. */
function countCalls<T extends object>(target: T, called: (name: string, result: unknown) => unknown): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof name !== "string" || typeof value !== "function") return value;
      return (...args: unknown[]) => called(name, Reflect.apply(value, object, args));
    },
  });
}
