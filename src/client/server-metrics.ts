import { RESERVED_SEGMENT } from "../protocol/path.ts";
import { answerError } from "./answer-error.ts";
import { isCount, isText, isTime, listOf, nullable, objectOf, type Check } from "./answer-shape.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { NoOperatorApiError } from "./errors/no-operator-api-error.ts";
import { readJson } from "./read-json.ts";
import type { Transport } from "./transport.ts";

/** What a server has counted of one kind of operation. Durations are in milliseconds. */
export interface CountedOperation {
  /** Empty for what concerns no project. */
  readonly project: string;
  readonly operation: string;
  /** Of the answers. */
  readonly status: number;
  readonly count: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly maxMs: number;
  /** The histogram of durations; `protocol/metrics.ts` says where a bucket ends. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
}

/** What one isolate of a server has counted since its first operation. Times are Unix milliseconds of its clock. */
export interface ServerMetrics {
  /** `null` while there was no operation. */
  readonly sinceMs: number | null;
  readonly nowMs: number;
  readonly operations: readonly CountedOperation[];
}

const isAmount: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isBucket: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isCount);

const METRICS = objectOf({
  sinceMs: nullable(isTime),
  nowMs: isTime,
  operations: listOf(
    objectOf({
      project: isText,
      operation: isText,
      status: isCount,
      count: isCount,
      bytesIn: isCount,
      bytesOut: isCount,
      maxMs: isAmount,
      buckets: listOf(isBucket),
    }),
  ),
});

/** A thousand rows with full histograms take less. */
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const NOT_SERVED = new Set([400, 404, 405, 501]);
/** What our own server says of such a URL where it has no metrics. */
const NO_ROUTE = new Set(["ROUTE_NOT_FOUND", "RESERVED_PATH"]);

/**
 * Asks one of our servers, once, what it has counted. `server` is a URL of which the origin counts. Throws a `ClientError`;
 * `NoOperatorApiError` where there is nothing like that.
 */
export async function serverMetrics(
  transport: Transport,
  server: string,
  signal?: AbortSignal,
): Promise<ServerMetrics> {
  const { origin } = new URL(server);
  const doing = "Asking for the metrics of";
  const answer = await transport.send({ method: "GET", url: `${origin}/v1/${RESERVED_SEGMENT}/metrics`, signal });
  if (answer.status !== 200) {
    const error = await answerError(answer, origin, doing);
    const isForeign = NOT_SERVED.has(answer.status) && (!error.explained || NO_ROUTE.has(error.code));
    throw isForeign ? noMetrics(origin, answer.status) : error;
  }
  const value = await readJson(answer, ANSWER_MAX_BYTES);
  if (value === undefined) throw noMetrics(origin, answer.status);
  if (isMetrics(value)) return value;
  const message = `${doing} ${origin} got an answer that lacks what this version of the command needs.`;
  throw new MalformedAnswerError({ url: origin, status: 200, code: "UNEXPECTED_ANSWER", message });
}

function noMetrics(origin: string, status: number): NoOperatorApiError {
  const message = `Metrics need a durable-streams server and its operator API, and ${origin} has none.`;
  return new NoOperatorApiError({ url: origin, status, code: "NO_OPERATOR_API", message });
}

function isMetrics(value: unknown): value is ServerMetrics {
  return METRICS(value);
}
