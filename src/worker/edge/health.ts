import { NO_STORE } from "../../protocol/cache-policy.ts";
import * as limits from "../../protocol/limits.ts";
import { respond } from "./responses.ts";

/** Replaced by the build with the version of the package. */
declare const __VERSION__: string | undefined;

/** Of the package that this Worker was built from. */
export const VERSION = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-source";

/** What every server of ours does of the protocol, by the names of its chapters. */
const FEATURES: readonly string[] = [
  "append",
  "catch-up",
  "close",
  "expires-at",
  "forks",
  "idempotent-producers",
  "json",
  "long-poll",
  "sse",
  "stream-seq",
  "ttl",
];

/** The bindings that tell what is here. */
interface Bindings {
  readonly DIRECTORY?: unknown;
  readonly SUBSCRIPTIONS?: unknown;
}

/** Of the protocol, and what of it is here: subscriptions are where the Worker has the objects that they live in. */
export function protocolOf({ DIRECTORY, SUBSCRIPTIONS }: Bindings): {
  readonly version: string;
  readonly features: readonly string[];
} {
  const hasSubscriptions = DIRECTORY !== undefined && SUBSCRIPTIONS !== undefined;
  return { version: "1.0", features: hasSubscriptions ? [...FEATURES, "subscriptions"].sort() : FEATURES };
}

const LIMITS = {
  bodyMaxBytes: limits.BODY_MAX_BYTES,
  appendMaxMessages: limits.APPEND_MAX_MESSAGES,
  pathMaxBytes: limits.PATH_MAX_BYTES,
  readChunkMaxBytes: limits.READ_CHUNK_MAX_BYTES,
  liveReadersMax: limits.LIVE_READERS_MAX,
  forkAncestorsMax: limits.FORK_ANCESTORS_MAX,
  longPollWaitMs: limits.LONG_POLL_WAIT_MS,
  sseConnectionMs: limits.SSE_CONNECTION_MS,
  ttlMaxSeconds: limits.TTL_MAX_SECONDS,
};

/** `GET /v1/health`: that the Worker answers, its version, what it can do and where its limits are. */
export function respondHealth(env: Bindings): Response {
  const health = { status: "ok", version: VERSION, protocol: protocolOf(env), limits: LIMITS };
  return respond(200, { "Content-Type": "application/json", "Cache-Control": NO_STORE }, JSON.stringify(health));
}
