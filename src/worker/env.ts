import type { ProjectDO } from "./projects/project-do.ts";
import type { StreamDO } from "./stream/stream-do.ts";
import type { StreamEnv } from "./stream/stream-env.ts";

/** The bindings and variables every deployment has. One's own Worker may extend it with more. */
export interface BaseEnv extends StreamEnv {
  /** The streams: a Durable Object each, of the class `StreamDO`, with SQLite storage. */
  STREAMS: DurableObjectNamespace<StreamDO>;
  /** Projects and their signing keys: a Durable Object each, of the class `ProjectDO`. Needed by `projectJwtAuth()`. */
  PROJECTS?: DurableObjectNamespace<ProjectDO>;
  /** Copies of what the projects' objects hold, for when they do not answer. Needed by `projectJwtAuth()`. */
  REGISTRY?: KVNamespace;
  /**
   * The secret that operators' tokens are signed with, at least 32 bytes: `durable-streams deploy` makes and stores it.
   * Without it no token opens the operator API.
   */
  OPERATOR_SECRET?: string;
  /** Of the shipped Worker: `none` serves everything to everybody, as the local server does; unset or `project` asks for tokens. */
  AUTH?: string;
  /** Gets one data point per operation; see `protocol/metrics.ts` for its columns. */
  METRICS?: AnalyticsEngineDataset;
  /** Cloudflare's rate limiting, where it is wanted: requests nobody vouches for count by address, others by project. */
  RATE_LIMITER?: RateLimit;
  /** `1` adds `Server-Timing` to every answer. Default `0`. */
  DEBUG_TIMING?: string;
  /**
   * Comma-separated `host` or `host:port` names that requests may be addressed to; all others get 421. Unset, every
   * host is served. The local server sets it, since a page whose name was rebound to 127.0.0.1 must not reach it.
   */
  ALLOWED_HOSTS?: string;
  /** `allow` lets webhooks go to `http://localhost` and `http://127.0.0.x`. The local server sets it. Default: they are refused. */
  WEBHOOKS_TO_LOOPBACK?: string;
  /** `open` lets whoever may read and write streams use the operator API too. The local server sets it. Default: closed. */
  OPERATOR_API?: string;
}
