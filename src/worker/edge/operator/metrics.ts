import { COUNTERS } from "../../metrics/counters.ts";
import { respondJson } from "./answers.ts";

/**
 * `GET /v1/__ds/metrics`: what this isolate has counted since it began. On a local server that is everything; on Cloudflare
 * it is one of many isolates, and Analytics Engine has the whole.
 */
export function respondMetrics(): Response {
  return respondJson({ sinceMs: COUNTERS.sinceMs ?? null, nowMs: Date.now(), operations: COUNTERS.list() });
}
