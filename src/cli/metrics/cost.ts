import type { OperationRow } from "./operation-row.ts";
import { PRICES, PRICES_OF, UNCOUNTED_PRICES, type Price } from "./prices.ts";

type Unit = keyof typeof PRICES;
type Usage = Readonly<Record<Unit, number>>;

/** What one request of a kind uses at most. */
interface OperationUse {
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly objectRequests: number;
}

/**
 * What a request that succeeds uses: the numbers that test/worker/costs.test.ts holds, and the larger one where it
 * depends on what a metric does not tell. Others are not estimated.
 */
const USE_OF_SUCCESS: Readonly<Record<string, OperationUse>> = {
  // "a create writes 2 rows for the table and 1 for the stream, and an alarm is 1 more"
  create: { rowsWritten: 4, rowsRead: 3, objectRequests: 1 },
  // "an append by an idempotent producer writes 2 rows", one without writes 1
  append: { rowsWritten: 2, rowsRead: 1, objectRequests: 1 },
  // "reading writes nothing": how many rows it reads depends on what it finds
  read: { rowsWritten: 0, rowsRead: 0, objectRequests: 1 },
  head: { rowsWritten: 0, rowsRead: 0, objectRequests: 1 },
  // "a long-poll with the append that ends it is 2 requests to the object, and an SSE attach is 1"
  "long-poll": { rowsWritten: 0, rowsRead: 0, objectRequests: 1 },
  sse: { rowsWritten: 0, rowsRead: 0, objectRequests: 1 },
};

/** "a duplicate and a refused append write nothing"; some are refused before they get to the object. */
const USE_OF_REFUSAL: OperationUse = { rowsWritten: 0, rowsRead: 0, objectRequests: 1 };

interface CostItem extends Price {
  readonly count: number;
  readonly costUsd: number;
}

/** An estimate. Of Cloudflare's included amounts nothing is subtracted. */
export interface Cost {
  readonly pricesOf: string;
  readonly items: readonly CostItem[];
  readonly totalUsd: number;
  readonly includedAmountsSubtracted: false;
  /** Kinds of operations that are in the estimate, and those that were counted and are not. */
  readonly estimated: readonly string[];
  readonly notEstimated: readonly string[];
  /** What is billed besides and not counted here, with its price. */
  readonly notCounted: readonly Price[];
}

/** What the operations cost, as far as it follows from how many there were. */
export function costOf(rows: readonly OperationRow[]): Cost {
  const usage = rows.map(usageOf);
  const kinds = [...new Set(rows.map(({ operation }) => operation))];
  // A server's own counters do not tell where reads came from, and none is another thing than not known.
  const knowsBucket = rows.some(({ fromBucket }) => fromBucket !== undefined);
  const units = (Object.keys(PRICES) as Unit[]).filter((unit) => knowsBucket || unit !== "bucketReads");
  const items = units.map((unit): CostItem => {
    const count = usage.reduce((sum, use) => sum + use[unit], 0);
    return { ...PRICES[unit], count, costUsd: (count / PRICES[unit].per) * PRICES[unit].usd };
  });
  return {
    pricesOf: PRICES_OF,
    items,
    totalUsd: items.reduce((sum, { costUsd }) => sum + costUsd, 0),
    includedAmountsSubtracted: false,
    estimated: kinds.filter(isEstimated),
    notEstimated: kinds.filter((kind) => !isEstimated(kind)),
    notCounted: [...(knowsBucket ? [] : [PRICES.bucketReads]), ...UNCOUNTED_PRICES],
  };
}

function isEstimated(operation: string): boolean {
  return Object.hasOwn(USE_OF_SUCCESS, operation);
}

function usageOf({ operation, requests, clientErrors, serverErrors, fromBucket = 0 }: OperationRow): Usage {
  const use = isEstimated(operation) ? USE_OF_SUCCESS[operation] : undefined;
  if (use === undefined) return { rowsWritten: 0, rowsRead: 0, objectRequests: 0, bucketReads: 0 };
  const refused = clientErrors + serverErrors;
  const succeeded = Math.max(0, requests - refused);
  const of = (unit: keyof OperationUse): number => succeeded * use[unit] + refused * USE_OF_REFUSAL[unit];
  return {
    rowsWritten: of("rowsWritten"),
    rowsRead: of("rowsRead"),
    objectRequests: of("objectRequests"),
    bucketReads: fromBucket,
  };
}
