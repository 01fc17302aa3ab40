/** `Cache-Control` for every kind of answer (sections 10.1 and 12.7). Every answer carries one: caches guess otherwise. */

export const NO_STORE = "no-store";

/** For what only some may read: nothing on the way may keep it, and neither does the reader's own cache. */
const PRIVATE = "private, no-store";

/** For a public stream among private ones: its name may become a private stream's at any time, so caches have to ask. */
const PUBLIC_FOR_NOW = "public, no-cache";

/** SSE must not be held back or kept by anything on the way. */
export const SSE_CACHE_CONTROL = "no-cache, no-store";

const MAX_AGE_SECONDS = 60;
const STALE_SECONDS = 300;

/** What decides whether the answer to a read may be kept. */
export interface CacheQuestion {
  /** Who may read the stream: everybody, as every stream here; everybody, for now; or whom an authorisation lets through. */
  readonly sharing: "open" | "public" | "private";
  /** Whether the answer holds any messages: without, it is only a report of where the tail is at this moment. */
  readonly hasMessages: boolean;
  /** Time until the stream ends by itself, in milliseconds; `undefined` for never. */
  readonly remainingMs: number | undefined;
}

/** A chunk of messages never changes and may be shared for a minute, though not longer than the stream itself lives. */
export function readCacheControl(question: CacheQuestion): string {
  if (question.sharing === "private") return PRIVATE;
  if (!question.hasMessages) return NO_STORE;
  if (question.sharing === "public") return PUBLIC_FOR_NOW;
  if (question.remainingMs === undefined)
    return `public, max-age=${String(MAX_AGE_SECONDS)}, stale-while-revalidate=${String(STALE_SECONDS)}`;
  const maxAgeSeconds = Math.min(MAX_AGE_SECONDS, Math.floor(question.remainingMs / 1000));
  return maxAgeSeconds <= 0 ? NO_STORE : `public, max-age=${String(maxAgeSeconds)}`;
}
