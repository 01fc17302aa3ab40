import { string } from "@oclif/core/flags";
import { parseDurationSeconds, requireTimestamp } from "./duration.ts";

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

/** What the flags say, checked. */
export function lifetimeOf(flags: {
  readonly ttl?: string | undefined;
  readonly "expires-at"?: string | undefined;
}): Lifetime {
  const { ttl, "expires-at": expiresAt } = flags;
  return {
    ttlSeconds: ttl === undefined ? undefined : parseDurationSeconds(ttl, "--ttl"),
    expiresAt: expiresAt === undefined ? undefined : requireTimestamp(expiresAt, "--expires-at"),
  };
}
