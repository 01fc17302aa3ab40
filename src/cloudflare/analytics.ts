import type { CloudflareApi } from "./api.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { fieldsOf, listOf, textOf } from "./fields.ts";

/** What is asked of a dataset. Every text in it has been checked by whoever asks; what could end a name in SQL throws. */
export interface OperationsQuery {
  readonly dataset: string;
  /** How far back it looks, in seconds. */
  readonly sinceSeconds: number;
  /** The only project that counts. */
  readonly project?: string | undefined;
  /** Whether each project has rows of its own. */
  readonly byProject: boolean;
}

/** One kind of operation. What was sampled away is made up for by the weights of the rest. */
export interface OperationStatistics {
  readonly operation: string;
  readonly project?: string | undefined;
  readonly requests: number;
  /** Answers of 400 to 499, and of 500 and more. */
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Requests for which the bucket was asked. */
  readonly fromBucket: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How many data points say all this. */
  readonly points: number;
}

export type OperationsAnswer =
  | { readonly kind: "rows"; readonly rows: readonly OperationStatistics[] }
  /** There is no such dataset, or nothing in it from that time: Cloudflare does not tell one from the other. */
  | { readonly kind: "nothing"; readonly said: string };

const PERMISSION = "Account Analytics: Read";
const DATASET = /^\w{1,64}$/;
const PROJECT = /^[\w-]{1,64}$/;

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["DAY", 86_400],
  ["HOUR", 3600],
  ["MINUTE", 60],
];

/** The SQL for it, in the dialect of Analytics Engine; `protocol/metrics.ts` says what is in which column. */
export function operationsSql({ dataset, sinceSeconds, project, byProject }: OperationsQuery): string {
  if (!DATASET.test(dataset)) throw new Error(`${JSON.stringify(dataset)} is no name for a dataset`);
  if (project !== undefined && !PROJECT.test(project)) throw new Error(`${JSON.stringify(project)} is no project`);
  if (!Number.isSafeInteger(sinceSeconds)) throw new Error(`${String(sinceSeconds)} are no whole seconds`);
  const [unit, seconds] = UNITS.find(([, size]) => sinceSeconds % size === 0) ?? ["SECOND", 1];
  return [
    "SELECT",
    "  blob1 AS operation,",
    ...(byProject ? ["  index1 AS project,"] : []),
    "  SUM(_sample_interval) AS requests,",
    "  SUM(IF(double1 >= 400 AND double1 < 500, _sample_interval, 0)) AS client_errors,",
    "  SUM(IF(double1 >= 500, _sample_interval, 0)) AS server_errors,",
    "  SUM(_sample_interval * double2) AS bytes_in,",
    "  SUM(_sample_interval * double3) AS bytes_out,",
    "  SUM(IF(blob3 = 'bucket', _sample_interval, 0)) AS from_bucket,",
    "  quantileExactWeighted(0.5)(double4, _sample_interval) AS p50_ms,",
    "  quantileExactWeighted(0.99)(double4, _sample_interval) AS p99_ms,",
    "  MAX(double4) AS max_ms,",
    "  COUNT() AS points",
    `FROM ${dataset}`,
    `WHERE timestamp > NOW() - INTERVAL '${String(sinceSeconds / seconds)}' ${unit}`,
    ...(project === undefined ? [] : [`  AND index1 = '${project}'`]),
    `GROUP BY operation${byProject ? ", project" : ""}`,
    "FORMAT JSON",
  ].join("\n");
}

/** Asks Analytics Engine what a deployment has done. Throws a {@link CloudflareError}. */
export async function queryOperations(
  api: CloudflareApi,
  accountId: string,
  query: OperationsQuery,
): Promise<OperationsAnswer> {
  const request = {
    path: `/accounts/${encodeURIComponent(accountId)}/analytics_engine/sql`,
    doing: `Asking Analytics Engine for the dataset "${query.dataset}"`,
    permission: PERMISSION,
  };
  try {
    const answer = await api.query(request, operationsSql(query));
    const { data } = fieldsOf(answer);
    if (!Array.isArray(data)) throw notUnderstood(request.doing);
    return { kind: "rows", rows: listOf(data).map((row) => statisticsOf(row, query.byProject)) };
  } catch (error) {
    if (!(error instanceof CloudflareError)) throw error;
    if (saysNothingThere(error)) return { kind: "nothing", said: error.message };
    throw explained(error);
  }
}

function statisticsOf(row: unknown, byProject: boolean): OperationStatistics {
  const fields = fieldsOf(row);
  return {
    operation: textOf(fields["operation"]) ?? "other",
    ...(byProject ? { project: textOf(fields["project"]) ?? "" } : {}),
    requests: amountOf(fields["requests"]),
    clientErrors: amountOf(fields["client_errors"]),
    serverErrors: amountOf(fields["server_errors"]),
    bytesIn: amountOf(fields["bytes_in"]),
    bytesOut: amountOf(fields["bytes_out"]),
    fromBucket: amountOf(fields["from_bucket"]),
    p50Ms: amountOf(fields["p50_ms"]),
    p99Ms: amountOf(fields["p99_ms"]),
    maxMs: amountOf(fields["max_ms"]),
    points: amountOf(fields["points"]),
  };
}

/** Numbers of 64 bits come as texts. */
function amountOf(value: unknown): number {
  const amount = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof amount === "number" && Number.isFinite(amount) ? amount : 0;
}

/** A table comes to be with its first point, and a column that no point of the result has is of no type. */
const NOTHING_THERE =
  /unknown table|unable to find type of column|(?:table|dataset)\b.*\b(?:does not exist|doesn't exist|not found)|no such (?:table|dataset)/i;
const NOT_ENABLED = /\benabled?\b.*\banalytics engine\b|\banalytics engine\b.*\b(?:not|isn't) enabled\b/i;

function saysNothingThere({ status = 0, message }: CloudflareError): boolean {
  return [400, 404, 422].includes(status) && NOTHING_THERE.test(message);
}

function explained(error: CloudflareError): CloudflareError {
  const { message, status, cloudflareCode } = error;
  if (!NOT_ENABLED.test(message)) return error;
  return new CloudflareError({
    kind: "not-allowed",
    code: "ANALYTICS_NOT_ENABLED",
    message,
    hint: "Enable Analytics Engine for the account once at https://dash.cloudflare.com/?to=/:account/workers/analytics-engine, then run deploy again.",
    status,
    cloudflareCode,
  });
}

function notUnderstood(doing: string): CloudflareError {
  return new CloudflareError({
    kind: "rejected",
    code: "CLOUDFLARE_ANSWER_UNKNOWN",
    message: `${doing} was answered with something that is no answer of Analytics Engine.`,
    hint: "Check CLOUDFLARE_API_BASE_URL and any proxy on the way.",
    status: 200,
  });
}
