/** Whose platform behaviour the Worker is written for; `deleteAll` clears alarms from 2026-02-24 on. */
export const COMPATIBILITY_DATE = "2026-07-30";
