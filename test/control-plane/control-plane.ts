// A loopback server that speaks the part of Cloudflare's API that wrangler and we use, and really runs what is deployed.
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountRoutes, permissionsOf } from "./account-routes.ts";
import { Analytics } from "./analytics-routes.ts";
import { ApiError } from "./api-error.ts";
import { bucketRoutes } from "./bucket-routes.ts";
import { Faults } from "./faults.ts";
import { FrontDoor } from "./front-door.ts";
import { namespaceRoutes } from "./namespace-routes.ts";
import type { Permission } from "./route.ts";
import { Runtime } from "./runtime.ts";
import { hexId } from "./script-changes.ts";
import { scriptRoutes } from "./script-routes.ts";
import { ApiServer, type SeenRequest } from "./server.ts";
import type { PlaneState } from "./state.ts";
import { Tails } from "./tails.ts";
import { versionRoutes } from "./version-routes.ts";

export interface ControlPlaneOptions {
  /** The account's part of workers.dev addresses; null: it has chosen none yet. Default "example". */
  readonly subdomain?: string | null;
  /** Domains of the account. Default none. */
  readonly zones?: readonly string[];
}

export interface ControlPlane {
  /** For `CLOUDFLARE_API_BASE_URL`. */
  readonly url: string;
  readonly accountId: string;
  /** An API token that may everything. */
  readonly token: string;
  /** For spawned processes: login, account, address, and a home of their own. */
  readonly env: Readonly<Record<string, string>>;
  /** Live. A test may change what a customer changes by other means: accounts, `subdomain`, `r2Enabled`. */
  readonly state: PlaneState;
  readonly faults: Faults;
  readonly analytics: Analytics;
  readonly tails: Tails;
  /** What was asked that Cloudflare does not have, or in a shape that it does not take. Not empty: `close` throws. */
  readonly violations: string[];
  readonly requests: readonly SeenRequest[];
  /** Where a Worker of this name is reached, known before it is deployed. */
  workerUrl(name: string): Promise<string>;
  /** Another API token, with these permissions only. */
  addToken(permissions: readonly Permission[]): string;
  /** The last lines that the Workers' runtime printed. */
  runtimeLog(): string;
  close(): Promise<void>;
}

const ALL: readonly Permission[] = [
  "Account Analytics Read",
  "Account Settings Read",
  "Memberships Read",
  "User Details Read",
  "Workers KV Storage",
  "Workers R2 Storage",
  "Workers Routes",
  "Workers Scripts",
  "Workers Tail Read",
  "Zone Read",
];

function newState({ subdomain = "example", zones = [] }: ControlPlaneOptions): PlaneState {
  return {
    accounts: [{ id: hexId(), name: "Example Account" }],
    tokens: new Map(),
    zones: zones.map((name) => ({ id: hexId(), name })),
    subdomain: subdomain ?? undefined,
    r2Enabled: true,
    scripts: new Map(),
    buckets: new Map(),
    namespaces: new Map(),
    domains: new Map(),
    dnsRecords: new Set(),
  };
}

/** Starts a plane with one account, in which there is nothing. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "durable-streams-plane-"));
  const state = newState(options);
  const violations: string[] = [];
  const requests: SeenRequest[] = [];
  const violation = (problem: string): ApiError => {
    violations.push(problem);
    return new ApiError(400, 10004, problem);
  };
  const analytics = new Analytics();
  const tails: Tails = new Tails(state, () => new URL(server.url).origin);
  const runtime = new Runtime(state, join(folder, "data"), (report) => tails.report(report));
  const parts = { state, runtime, violation };
  const routes = [
    ...accountRoutes(state),
    ...scriptRoutes(parts),
    ...versionRoutes(parts),
    ...tails.routes(),
    ...bucketRoutes(state, runtime),
    ...namespaceRoutes(state, runtime),
    ...analytics.routes(violation),
  ];
  const faults = new Faults(routes);
  const server = new ApiServer({
    routes,
    faults,
    permissionsOf: (headers) => permissionsOf(state, headers),
    violations,
    requests,
  });
  tails.listen(server.server);
  await server.listen();

  const doors = new Map<string, Promise<FrontDoor>>();
  const addToken = (permissions: readonly Permission[]): string => {
    const token = randomBytes(30).toString("base64url");
    state.tokens.set(token, new Set(permissions));
    return token;
  };
  const token = addToken(ALL);
  const [account] = state.accounts;
  const accountId = account?.id ?? "";
  const home = join(folder, "home");
  await mkdir(home);
  return {
    url: server.url,
    accountId,
    token,
    env: environment({ url: server.url, accountId, token, home }),
    state,
    faults,
    analytics,
    tails,
    violations,
    requests,
    async workerUrl(name) {
      const door = doors.get(name) ?? FrontDoor.open(() => runtime.portOf(name));
      doors.set(name, door);
      return (await door).url;
    },
    addToken,
    runtimeLog: () => runtime.log.join("\n"),
    async close() {
      tails.close();
      await server.close();
      for (const door of doors.values()) await (await door).close();
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
      if (violations.length > 0) throw new Error(`the control plane was misused:\n  ${violations.join("\n  ")}`);
    },
  };
}

/** Nothing of the developer's own login or settings, and nobody else's servers. */
function environment(given: { url: string; accountId: string; token: string; home: string }): Record<string, string> {
  const { url, accountId, token, home } = given;
  return {
    CLOUDFLARE_API_BASE_URL: url,
    CLOUDFLARE_ACCOUNT_ID: accountId,
    CLOUDFLARE_API_TOKEN: token,
    CI: "1",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    WRANGLER_HOME: join(home, ".wrangler"),
    // Where wrangler, when it fails, asks whether there is a newer one: nobody is there.
    npm_registry: "http://127.0.0.1:9/",
    WRANGLER_LOG_PATH: join(home, "wrangler-logs"),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    DURABLE_STREAMS_CONFIG_DIR: join(home, "durable-streams"),
  };
}
