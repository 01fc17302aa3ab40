import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { parseSegmentLimits } from "../../protocol/segment/limits.ts";
import type { BaseEnv } from "../env.ts";

const BINDINGS = {
  STREAMS: `"durable_objects": { "bindings": [{ "name": "STREAMS", "class_name": "StreamDO" }] }, "migrations": [{ "tag": "v1", "new_sqlite_classes": ["StreamDO"] }]`,
  R2: `"r2_buckets": [{ "binding": "R2", "bucket_name": "my-streams" }]`,
} as const satisfies Partial<Record<keyof BaseEnv, string>>;

/**
 * What is wrong with the configuration of a Worker, which it hears at its first request: a binding that is missing, with
 * the lines to add, or a variable with a value that means nothing.
 */
export function configurationError(env: Partial<BaseEnv>): ProtocolError | undefined {
  for (const [name, lines] of Object.entries(BINDINGS)) {
    if (env[name as keyof typeof BINDINGS] !== undefined) continue;
    return protocolError(
      "BINDING_MISSING",
      `The Worker has no binding ${name}; add to its wrangler configuration: ${lines}`,
    );
  }
  const limits = parseSegmentLimits(env);
  return limits.ok ? undefined : limits.error;
}
