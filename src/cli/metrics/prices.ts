/** A price of Cloudflare's, in US dollars. */
export interface Price {
  readonly usd: number;
  /** How many of the unit one pays that for. */
  readonly per: number;
  readonly unit: string;
}

/** When the prices were looked up. */
export const PRICES_OF = "2026-10";

const MILLION = 1_000_000;

/** What is billed by what is counted. */
export const PRICES = {
  rowsWritten: { usd: 1, per: MILLION, unit: "rows written" },
  rowsRead: { usd: 0.001, per: MILLION, unit: "rows read" },
  objectRequests: { usd: 0.15, per: MILLION, unit: "object requests" },
  bucketReads: { usd: 0.36, per: MILLION, unit: "R2 reads (class B)" },
} as const satisfies Record<string, Price>;

/** What is billed too, and by nothing that is counted here. */
export const UNCOUNTED_PRICES: readonly Price[] = [
  { usd: 12.5, per: MILLION, unit: "GB-seconds of objects awake" },
  { usd: 0.2, per: 1, unit: "GB-month stored in objects" },
  { usd: 4.5, per: MILLION, unit: "R2 writes (class A)" },
  { usd: 0.5, per: MILLION, unit: "KV reads" },
];
