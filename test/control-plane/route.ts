import type { IncomingHttpHeaders } from "node:http";
import type { Shape } from "./shape.ts";

/** The permission groups of an API token, as far as they are asked for here. */
export type Permission =
  | "Account Analytics Read"
  | "Account Settings Read"
  | "Memberships Read"
  | "User Details Read"
  | "Workers KV Storage"
  | "Workers R2 Storage"
  | "Workers Routes"
  | "Workers Scripts"
  | "Workers Tail Read"
  | "Zone Read";

/** A request that has passed every check of its route. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON where the route takes JSON. */
  readonly json: unknown;
  readonly body: Buffer;
}

export type Answer =
  | { readonly result: unknown; readonly info?: unknown; readonly status?: number }
  | { readonly raw: Buffer | string; readonly type: string; readonly headers?: Readonly<Record<string, string>> };

/** How a body is to come. */
export type BodyRule =
  | { readonly kind: "none" }
  | { readonly kind: "json"; readonly shape: Shape; readonly type?: RegExp }
  | { readonly kind: "form" }
  | { readonly kind: "bytes" };

export interface Route {
  /** The method and the path with its parameters: `GET /accounts/:account/workers/scripts`. Faults name it by this. */
  readonly name: string;
  /** What the token needs; nothing where every token will do. */
  readonly permission?: Permission;
  /** The query parameters that may be there, with what their values look like. */
  readonly query?: Readonly<Record<string, RegExp>>;
  /** Default: none. */
  readonly body?: BodyRule;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Finds the route of a request, and the values of its parameters, decoded. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | undefined {
  for (const route of routes) {
    const params = match(route.name, `${method} ${path}`);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function match(name: string, asked: string): Record<string, string> | undefined {
  const wanted = name.split("/");
  const given = asked.split("/");
  // The key of an object may hold slashes, so a last parameter with a star takes all that is left.
  const takesRest = wanted.at(-1)?.endsWith("*") === true;
  if (takesRest ? given.length < wanted.length : given.length !== wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== value) return undefined;
    } else if (part.endsWith("*")) {
      params[part.slice(1, -1)] = decodeURIComponent(given.slice(index).join("/"));
    } else {
      if (value === "") return undefined;
      params[part.slice(1)] = decodeURIComponent(value);
    }
  }
  return params;
}

/** A parameter that the route's own name has. */
export function param({ params }: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`no parameter ${name}`);
  return value;
}

export const ok = (result: unknown, info?: unknown): Answer => (info === undefined ? { result } : { result, info });
