/**
 * Every limit of the server in one place. Past a limit a request gets the 4xx named beside it and nothing is written.
 * Sizes are bytes and waits are milliseconds unless the name says otherwise.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest body of one create or append. Past it: 413 `BODY_TOO_LARGE`. */
export const BODY_MAX_BYTES = 16 * MIB;

/** Most bytes of appends and creations that may wait in one stream's object to be stored. Past it: 429 `APPEND_QUEUE_FULL`. */
export const APPEND_QUEUE_MAX_BYTES = 48 * MIB;

/** Most messages one JSON append may carry. Past it: 413 `TOO_MANY_MESSAGES`. */
export const APPEND_MAX_MESSAGES = 100_000;

/** Longest stream path, in UTF-8 bytes after percent-decoding. Past it: 414 `PATH_TOO_LONG`. */
export const PATH_MAX_BYTES = 1 * KIB;

/** Longest `Producer-Id`, `Stream-Seq` and `Content-Type`, in bytes. Past it: 400 `HEADER_TOO_LONG`. */
export const HEADER_VALUE_MAX_BYTES = 1 * KIB;

/**
 * Most bytes that the messages of one stored row take, with their sizes. A Durable Object refuses values and rows past
 * 2 MB in production, and local workerd a little later, so this has to be held here and not left to the platform; what
 * is left to 2 MB is for the other columns.
 */
export const ROW_MAX_BYTES = 1_900_000;

/** Most bytes of payload in one answer of a catch-up read, or one event while an SSE reader catches up; a JSON message larger than this is still answered whole. */
export const READ_CHUNK_MAX_BYTES = 1 * MIB;

/** Most rows gathered for one answer. A stream of tiny appends has a row for each, and every row costs time and memory. */
export const READ_CHUNK_MAX_ROWS = 8192;

/** Most sealed segments that one answer of a catch-up read is put together from: each takes a fetch of its own. */
export const READ_CHUNK_MAX_SEGMENTS = 32;

/** Most streams that a fork inherits history from, whatever the length of the chain. Past it: 409 `FORK_TOO_DEEP`. */
export const FORK_ANCESTORS_MAX = 256;

/** Most of them that one answer of a read is put together from: each is asked by a request of its own. */
export const READ_CHUNK_MAX_ANCESTORS = 16;

/** Messages of a hot log that are sealed into a segment, unless `SEGMENT_MAX_MESSAGES` says otherwise. */
export const SEGMENT_MAX_MESSAGES_DEFAULT = 1000;

/** Bytes of payload of a hot log that are sealed into a segment, unless `SEGMENT_MAX_BYTES` says otherwise. */
export const SEGMENT_MAX_BYTES_DEFAULT = 4 * MIB;

/** Largest value of `SEGMENT_MAX_MESSAGES`. Past it the server refuses to work: 500 `INVALID_VARIABLE`. */
export const SEGMENT_MESSAGES_LIMIT = 100_000;

/** Largest value of `SEGMENT_MAX_BYTES`: a segment is put together in memory. Past it: 500 `INVALID_VARIABLE`. */
export const SEGMENT_BYTES_LIMIT = 16 * MIB;

/** Most rows of the hot log that one segment is made of: every row costs time and memory, whatever its size. */
export const SEGMENT_MAX_ROWS = 8192;

/** Bytes of a segment's payload that have a checksum of their own, so that a range can be verified without the rest. */
export const SEGMENT_BLOCK_BYTES = 512 * KIB;

/** Most bytes of payload pushed to a live reader in one event. More than this, and readers are told to catch up instead. */
export const LIVE_EVENT_MAX_BYTES = 128 * KIB;

/** Most bytes of payload pushed for one append to all live readers together; past it they are told to catch up. */
export const LIVE_FANOUT_MAX_BYTES = 8 * MIB;

/** Most bytes that may wait for one slow live reader before its bridge is dropped and it goes back to catching up. */
export const LIVE_BACKLOG_MAX_BYTES = 256 * KIB;

/** What an event that waits for a slow reader takes besides its payload, as far as the bound above is concerned. */
export const LIVE_EVENT_OVERHEAD_BYTES = 2 * KIB;

/** Most live readers of one stream. Past it: 429 `TOO_MANY_READERS`. The platform's own limit is 32,768 sockets. */
export const LIVE_READERS_MAX = 30_000;

/** How long a long-poll waits for data before 204 (section 5.7). */
export const LONG_POLL_WAIT_MS = 20_000;

/** How long an SSE connection lives before the server ends it (section 5.8). */
export const SSE_CONNECTION_MS = 60_000;

/** How much longer an SSE connection is kept for a client that does not take what it was sent, before it is cut off. */
export const SSE_STALLED_GRACE_MS = 15_000;

/** How often an idle SSE connection carries a comment, so that intermediaries and dead sockets are noticed. */
export const SSE_HEARTBEAT_MS = 15_000;

/** Longest sliding time to live, in seconds: 100 years. Past it: 400 `INVALID_TTL`. */
export const TTL_MAX_SECONDS = 3_155_760_000;

/** Most signing keys of a project that are accepted at one time. Past it: 409 `TOO_MANY_KEYS`. */
export const PROJECT_KEYS_MAX = 4;

/** Most origins whose pages may use a project. Past it: 400 `INVALID_PROJECT_SETTINGS`. */
export const CORS_ORIGINS_MAX = 32;

/** Least bytes of a secret that signs (RFC 7518, section 3.2). Below it: 400 `INVALID_SECRET`. */
export const SECRET_MIN_BYTES = 32;

/** Most bytes of a secret that signs. Past it: 400 `INVALID_SECRET`. */
export const SECRET_MAX_BYTES = 512;

/** Longest token that is looked at, in characters. Past it: 401 `TOKEN_MALFORMED`. */
export const TOKEN_MAX_CHARACTERS = 4 * KIB;

/** The furthest that a project token's `exp` may lie ahead: 90 days. Past it: 401 `TOKEN_LIFETIME`. */
export const TOKEN_LIFETIME_MAX_SECONDS = 90 * 24 * 60 * 60;

/** The same for an operator's token: 5 minutes. Past it: 401 `TOKEN_LIFETIME`. */
export const OPERATOR_TOKEN_LIFETIME_MAX_SECONDS = 5 * 60;

/** How far ahead of the server the clock of whoever signs a token may be. */
export const TOKEN_CLOCK_LEEWAY_SECONDS = 10;

/**
 * Largest limit that a project may have for its streams; without one there is none. Past the project's: 409
 * `TOO_MANY_STREAMS`. The directory counts them once an awakening, and reads a row for each.
 */
export const PROJECT_STREAMS_MAX = 10_000_000;

/** How long what a place knows of a project's keys is used before the project's object is asked again. */
export const PROJECT_FRESH_MS = 30_000;

/** How soon the object is asked again when a token names a key that is not known: a new key works after this. */
export const PROJECT_RECHECK_MS = 2_000;

/** How long known keys go on while neither the project's object nor KV answers. Then: 503 `KEYS_UNAVAILABLE`. */
export const PROJECT_STALE_MAX_MS = 60 * 60 * 1000;

/** How long the project's object, or KV, may take over an answer. */
export const PROJECT_PATIENCE_MS = 5_000;

/** How often a live reader's token is looked at again: a revoked one ends its reader after this and the time above. */
export const LIVE_RECHECK_MS = 15_000;

/** How long a retiring key goes on being accepted when nobody says otherwise: 7 days. */
export const KEY_OVERLAP_DEFAULT_SECONDS = 7 * 24 * 60 * 60;

/** Most streams, or subscriptions, in one page of a list. Past it: 400 `INVALID_LIMIT`. */
export const LIST_PAGE_MAX = 1000;

/** Streams, or subscriptions, in a page when nobody says how many. */
export const LIST_PAGE_DEFAULT = 100;

/** Longest id of a subscription, in UTF-8 bytes. Past it: 400 `INVALID_SUBSCRIPTION`. */
export const SUBSCRIPTION_ID_MAX_BYTES = 256;

/** Longest pattern, URL, description and name of a worker, in UTF-8 bytes. Past it: 400 `INVALID_SUBSCRIPTION`. */
export const SUBSCRIPTION_TEXT_MAX_BYTES = 2 * KIB;

/** Most `**` segments of a pattern. Past it: 400 `INVALID_SUBSCRIPTION`. */
export const PATTERN_WILDCARDS_MAX = 8;

/** Largest body of a request about a subscription. Past it: 413 `BODY_TOO_LARGE`. */
export const SUBSCRIPTION_BODY_MAX_BYTES = 1 * MIB;

/** Most paths, or acks, in one request about a subscription. Past it: 400 `INVALID_SUBSCRIPTION`. */
export const SUBSCRIPTION_REQUEST_MAX_STREAMS = 1000;

/** Most subscriptions of a project. Past it: 409 `TOO_MANY_SUBSCRIPTIONS`. */
export const PROJECT_SUBSCRIPTIONS_MAX = 10_000;

/** Most streams that a subscription is linked to. Past it: 409 `TOO_MANY_LINKS`; later streams that its pattern matches are not linked. */
export const SUBSCRIPTION_LINKS_MAX = 100_000;

/**
 * Most subscriptions that one stream is linked to. Past it: 409 `TOO_MANY_LINKS`, for the subscription that would link one
 * more, and for the creation of a stream that more of them match. Only a stream that was created while the directory did not
 * answer is linked to all that match.
 */
export const STREAM_LINKS_MAX = 1000;

/** Most streams that one wake, or one answer of a claim, lists: those with pending messages come first. */
export const WAKE_STREAMS_MAX = 1000;

/** Up to how many streams in all it is filled with such that have none: nobody works on those. */
export const WAKE_SETTLED_STREAMS_MAX = 100;

/** Shortest, longest and usual lease (section 6.2). Outside of them: 400 `INVALID_SUBSCRIPTION`. */
export const LEASE_MIN_MS = 1000;
export const LEASE_MAX_MS = 10 * 60 * 1000;
export const LEASE_DEFAULT_MS = 30_000;

/** How long a token of a wake works, in seconds, however often its lease is extended: 24 hours. Then: 401 `TOKEN_EXPIRED`. */
export const WAKE_TOKEN_LIFETIME_SECONDS = 24 * 60 * 60;

/** How long a webhook may take to answer; then the delivery has failed. */
export const WEBHOOK_TIMEOUT_MS = 10_000;

/** Most bytes of a webhook's answer that are read; a longer one counts as an answer without `done`. */
export const WEBHOOK_ANSWER_MAX_BYTES = 64 * KIB;

/** Pauses between attempts to deliver: doubled from the first to the longest, 20% more or less (section 7.1). */
export const DELIVERY_PAUSE_MIN_MS = 1000;
export const DELIVERY_PAUSE_MAX_MS = 60_000;
export const DELIVERY_JITTER = 0.2;

/** Shortest time between two notices of one stream to one subscription; what is appended meanwhile is told at once. */
export const NOTICE_PAUSE_MS = 100;

/** How long a subscription may take over a notice; then it is told again, later. */
export const NOTICE_PATIENCE_MS = 10_000;

/** How old a notice may be to be believed without asking its stream: less than the above, since clocks differ. */
export const NOTICE_LATE_MS = 5_000;

/** How old a webhook's signature may be for its receiver (section 12.10), in seconds. */
export const WEBHOOK_REPLAY_WINDOW_SECONDS = 5 * 60;

/** How long a receiver may keep the public keys before it asks again, in seconds; a new key is shown that long before it signs. */
export const JWKS_MAX_AGE_SECONDS = 5 * 60;
