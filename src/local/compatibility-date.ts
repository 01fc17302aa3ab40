/** Whose platform behaviour the Worker is written for; `deleteAll` clears alarms from 2026-02-24 on. */
export const COMPATIBILITY_DATE = "2026-07-30";

/** Tells the Worker when the client of a live read has gone; without it that is only noticed when the read ends anyway. */
export const COMPATIBILITY_FLAGS: readonly string[] = ["enable_request_signal"];
