import type { Route } from "./route.ts";

/** Something that goes wrong with requests to one endpoint. */
export interface Fault {
  /** The name of a route: `POST /accounts/:account/r2/buckets`. */
  readonly on: string;
  /** How many requests it befalls. Default 1. */
  readonly times?: number | "always";
  /** How many requests it lets pass first. Default 0. */
  readonly after?: number;
  /** The request has its effect all the same, and only the answer is lost. Default: no effect. */
  readonly applied?: boolean;
  /** Which requests it is about. Default: every one of the endpoint. */
  readonly when?: (request: { readonly userAgent: string; readonly path: string }) => boolean;
  readonly what: FaultKind;
}

type FaultKind =
  /** An answer of Cloudflare's shape, or any body. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code?: number;
      readonly message?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The right answer, late. */
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer, until the caller goes or the plane closes. */
  | { readonly kind: "silence" }
  /** The connection breaks off after so many bytes of the answer's body. */
  | { readonly kind: "cut"; readonly afterBytes: number };

export interface PlantedFault {
  /** How many requests it has befallen. */
  readonly hits: number;
  remove(): void;
}

interface Planted extends PlantedFault {
  readonly fault: Fault;
  seen: number;
  hits: number;
}

export class Faults {
  readonly #routes: readonly Route[];
  readonly #planted: Planted[] = [];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  /** Throws for an endpoint that there is not, because such a fault would never come. */
  add(fault: Fault): PlantedFault {
    if (!this.#routes.some(({ name }) => name === fault.on)) throw new Error(`there is no endpoint ${fault.on}`);
    const planted: Planted = {
      fault,
      seen: 0,
      hits: 0,
      remove: () => {
        const index = this.#planted.indexOf(planted);
        if (index >= 0) this.#planted.splice(index, 1);
      },
    };
    this.#planted.push(planted);
    return planted;
  }

  clear(): void {
    this.#planted.length = 0;
  }

  /** The fault that befalls this request, counted. */
  take(route: Route, request: { userAgent: string; path: string }): Fault | undefined {
    for (const planted of this.#planted) {
      const { fault } = planted;
      if (fault.on !== route.name || fault.when?.(request) === false) continue;
      planted.seen += 1;
      const { times = 1, after = 0 } = fault;
      if (planted.seen <= after || (times !== "always" && planted.hits >= times)) continue;
      planted.hits += 1;
      return fault;
    }
    return undefined;
  }
}
