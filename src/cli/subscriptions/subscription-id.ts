import { usageFailure } from "../command-failure.ts";

/** What would make the URL of a subscription that of something else. */
const NO_IDS: ReadonlySet<string> = new Set(["", ".", ".."]);

/** Refuses an id that cannot be one on any server; it goes into a URL, percent-encoded. */
export function requireSubscriptionId(id: string): string {
  if (!NO_IDS.has(id)) return id;
  throw usageFailure(`${JSON.stringify(id)} is not a subscription's id.`, 'Write it like "mailer".');
}
