import { string } from "@oclif/core/flags";
import { usageFailure } from "./command-failure.ts";
import { parseDurationSeconds, requireTimestamp, spanWords } from "./duration.ts";

/** Flags of commands that create a stream: how long it lives. `otherwise` says in brackets what holds without them. */
export function lifetimeFlags(otherwise?: string) {
  const end = otherwise === undefined ? "" : ` (${otherwise})`;
  return {
    ttl: string({
      summary: `Expire when nobody reads or writes for this long: 90s, 15m, 12h, 7d${end}.`,
      helpValue: "DURATION",
      exclusive: ["expires-at"],
    }),
    "expires-at": string({ summary: "Expire at this RFC 3339 time.", helpValue: "TIME" }),
  };
}

interface Lifetime {
  readonly ttlSeconds: number | undefined;
  readonly expiresAt: string | undefined;
}

/** What the flags say, checked. The protocol allows a stream that is gone at once: nobody types that on purpose. */
export function lifetimeOf(flags: {
  readonly ttl?: string | undefined;
  readonly "expires-at"?: string | undefined;
}): Lifetime {
  const { ttl, "expires-at": expiresAt } = flags;
  return {
    ttlSeconds: ttl === undefined ? undefined : requireTtl(ttl),
    expiresAt: expiresAt === undefined ? undefined : requireTimeToCome(expiresAt),
  };
}

function requireTtl(text: string): number {
  const seconds = parseDurationSeconds(text, "--ttl");
  if (seconds > 0) return seconds;
  throw usageFailure(
    `--ttl ${JSON.stringify(text)} is no time at all: the stream would be gone at once.`,
    "The shortest is --ttl 1s.",
  );
}

function requireTimeToCome(text: string): string {
  const time = requireTimestamp(text, "--expires-at");
  const overMs = Date.now() - Date.parse(time);
  if (overMs < 0) return time;
  throw usageFailure(
    `--expires-at ${JSON.stringify(text)} lies ${spanWords(overMs / 1000)} in the past: the stream would be gone at once.`,
    "Give a time that is still to come, or --ttl.",
  );
}
