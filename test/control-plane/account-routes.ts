import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "./api-error.ts";
import { noSubdomain } from "./script-routes.ts";
import { ok, param, type Permission, type Route } from "./route.ts";
import { boolean, fields, listOf, matching, text } from "./shape.ts";
import { hexId } from "./script-changes.ts";
import type { PlaneState } from "./state.ts";

const PAGES = { page: /^\d+$/, per_page: /^\d+$/ };

/** What the credential of a request may; throws where it is none. */
export function permissionsOf(state: PlaneState, headers: IncomingHttpHeaders): ReadonlySet<Permission> {
  const { authorization } = headers;
  if (authorization === undefined)
    throw new ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
  if (token === undefined) throw new ApiError(400, 6003, "Invalid request headers");
  const permissions = state.tokens.get(token);
  if (permissions === undefined) throw new ApiError(401, 10000, "Authentication error");
  return permissions;
}

/** A page of a list, and what Cloudflare says of the list beside it. */
export function paged<T>(items: readonly T[], query: URLSearchParams, defaultSize = 20): { page: T[]; info: unknown } {
  const perPage = Number(query.get("per_page") ?? defaultSize);
  const number = Number(query.get("page") ?? 1);
  const page = items.slice((number - 1) * perPage, number * perPage);
  const info = {
    page: number,
    per_page: perPage,
    count: page.length,
    total_count: items.length,
    total_pages: Math.ceil(items.length / perPage),
  };
  return { page, info };
}

interface DomainRecords {
  readonly origins: readonly { readonly hostname: string }[];
  readonly override_existing_origin: boolean;
  readonly override_existing_dns_record: boolean;
}

/** A name that leads elsewhere is taken away only from what the caller says it may be taken from. */
function requireFreeName(
  state: PlaneState,
  service: string,
  hostname: string,
  overrides: Omit<DomainRecords, "origins">,
): void {
  const holder = [...state.domains.values()].find((domain) => domain.hostname === hostname)?.service;
  if (holder !== undefined && holder !== service && !overrides.override_existing_origin) {
    const option = "use the option 'override_existing_origin' to override";
    throw new ApiError(409, 100116, `Hostname '${hostname}' leads to another Worker already. Detach it, or ${option}.`);
  }
  if (state.dnsRecords.has(hostname) && !overrides.override_existing_dns_record) {
    const option = "use the option 'override_existing_dns_record' to override";
    throw new ApiError(
      409,
      100117,
      `Hostname '${hostname}' has externally managed DNS records. Delete them, or ${option}.`,
    );
  }
}

/** Who is asking, and what is theirs. */
export function accountRoutes(state: PlaneState): readonly Route[] {
  return [
    {
      name: "GET /user",
      permission: "User Details Read",
      handle: () => ok({ id: "0".repeat(32), email: "operator@example.com", two_factor_authentication_enabled: true }),
    },
    { name: "GET /user/tokens/verify", handle: () => ok({ id: hexId(), status: "active" }) },
    {
      name: "GET /accounts",
      query: PAGES,
      handle({ query }) {
        const { page, info } = paged(state.accounts, query);
        return ok(
          page.map(({ id, name }) => ({ id, name, type: "standard" })),
          info,
        );
      },
    },
    {
      name: "GET /accounts/:account",
      permission: "Account Settings Read",
      handle(call) {
        const found = state.accounts.find(({ id }) => id === param(call, "account"));
        if (found === undefined) throw new ApiError(404, 7003, "Could not route to the account.");
        return ok({ ...found, type: "standard" });
      },
    },
    {
      name: "GET /memberships",
      permission: "Memberships Read",
      query: PAGES,
      handle({ query }) {
        const { page, info } = paged(state.accounts, query);
        const membership = (account: unknown): unknown => ({ id: hexId(), status: "accepted", account, roles: [] });
        return ok(page.map(membership), info);
      },
    },
    {
      name: "GET /accounts/:account/workers/subdomain",
      permission: "Workers Scripts",
      handle() {
        if (state.subdomain === undefined) throw noSubdomain();
        return ok({ subdomain: state.subdomain });
      },
    },
    {
      name: "GET /zones",
      permission: "Zone Read",
      query: { name: /^[\w.-]+$/, "account.id": /^[0-9a-f]{32}$/, ...PAGES },
      handle({ query }) {
        const name = query.get("name");
        const { page, info } = paged(
          state.zones.filter((zone) => name === null || zone.name === name),
          query,
        );
        return ok(page, info);
      },
    },
    { name: "GET /zones/:zone/workers/routes", permission: "Workers Routes", handle: () => ok([]) },
    {
      name: "GET /accounts/:account/workers/domains",
      permission: "Workers Scripts",
      query: { service: /^[\w-]+$/, hostname: /^[\w.-]+$/, zone_name: /^[\w.-]+$/ },
      handle({ query }) {
        const wanted = [...query];
        const domains = [...state.domains.values()];
        return ok(domains.filter((domain) => wanted.every(([name, value]) => domain[name as "service"] === value)));
      },
    },
    {
      name: "DELETE /accounts/:account/workers/domains/:domain",
      permission: "Workers Scripts",
      handle(call) {
        if (!state.domains.delete(param(call, "domain"))) throw new ApiError(404, 100114, "There is no such domain.");
        return ok(null);
      },
    },
    {
      name: "PUT /accounts/:account/workers/scripts/:name/domains/records",
      permission: "Workers Routes",
      body: {
        kind: "json",
        shape: fields({
          override_scope: boolean,
          override_existing_origin: boolean,
          override_existing_dns_record: boolean,
          origins: listOf(
            fields(
              { hostname: matching(/^[\w.-]+$/) },
              { zone_id: text, zone_name: text, enabled: boolean, previews_enabled: boolean },
            ),
          ),
        }),
      },
      handle(call) {
        const service = param(call, "name");
        const { origins, ...overrides } = call.json as DomainRecords;
        for (const { hostname } of origins) requireFreeName(state, service, hostname, overrides);
        for (const { hostname } of origins) {
          const zone = state.zones.find(({ name }) => hostname === name || hostname.endsWith(`.${name}`));
          if (zone === undefined) throw new ApiError(400, 100115, `There is no zone of yours for ${hostname}.`);
          const id = [...state.domains.values()].find((domain) => domain.hostname === hostname)?.id ?? hexId();
          const place = { zone_id: zone.id, zone_name: zone.name, environment: "production" };
          state.domains.set(id, { id, hostname, service, ...place });
        }
        return ok([...state.domains.values()].filter((domain) => domain.service === service));
      },
    },
  ];
}
