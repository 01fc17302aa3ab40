import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { parseSegmentLimits } from "../../protocol/segment/limits.ts";
import type { BaseEnv } from "../env.ts";

/** What every Worker needs. */
const REQUIRED = ["STREAMS", "R2"] as const;

/** The lines of wrangler's configuration that add a binding. */
const LINES = {
  STREAMS: `"durable_objects": { "bindings": [{ "name": "STREAMS", "class_name": "StreamDO" }] }, "migrations": [{ "tag": "v1", "new_sqlite_classes": ["StreamDO"] }]`,
  PROJECTS: `"durable_objects": { "bindings": [{ "name": "PROJECTS", "class_name": "ProjectDO" }] }, "migrations": [{ "tag": "v2", "new_sqlite_classes": ["ProjectDO"] }] beside those that are there, and export ProjectDO`,
  DIRECTORY: `"durable_objects": { "bindings": [{ "name": "DIRECTORY", "class_name": "DirectoryDO" }] }, "migrations": [{ "tag": "v3", "new_sqlite_classes": ["DirectoryDO", "SubscriptionDO"] }] beside those that are there, and export DirectoryDO`,
  SUBSCRIPTIONS: `"durable_objects": { "bindings": [{ "name": "SUBSCRIPTIONS", "class_name": "SubscriptionDO" }] }, "migrations": [{ "tag": "v3", "new_sqlite_classes": ["DirectoryDO", "SubscriptionDO"] }] beside those that are there, and export SubscriptionDO`,
  REGISTRY: `"kv_namespaces": [{ "binding": "REGISTRY" }]`,
  R2: `"r2_buckets": [{ "binding": "R2", "bucket_name": "my-streams" }]`,
} as const satisfies Partial<Record<keyof BaseEnv, string>>;

/**
 * What is wrong with the configuration of a Worker, which it hears at its first request: a binding that is missing, with
 * the lines to add, or a variable with a value that means nothing.
 */
export function configurationError(env: Partial<BaseEnv>): ProtocolError | undefined {
  const missing = REQUIRED.find((name) => env[name] === undefined);
  if (missing !== undefined) return bindingError(missing);
  const limits = parseSegmentLimits(env);
  return limits.ok ? undefined : limits.error;
}

/** The error for a binding that is missing, with the lines to add. */
export function bindingError(name: keyof typeof LINES): ProtocolError {
  const message = `The Worker has no binding ${name}; add to its wrangler configuration: ${LINES[name]}`;
  return protocolError("BINDING_MISSING", message);
}
