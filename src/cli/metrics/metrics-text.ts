import { visibleLine } from "../../client/visible-text.ts";
import { spanWords } from "../duration.ts";
import { humanBytes } from "../../client/figures.ts";
import { linesOf } from "../table.ts";
import { columns } from "./columns.ts";
import type { Metrics, MetricsSource, OperationRow } from "./operation-row.ts";

const HEADINGS = ["OPERATION", "REQUESTS", "4XX", "5XX", "IN", "OUT", "P50 MS", "P99 MS", "MAX MS"] as const;

/** The metrics for people: who counted and since when, and a line for each kind of operation. */
export function metricsText(metrics: Metrics, byProject: boolean): string {
  const { operations } = metrics;
  const facts = linesOf([
    ["counted by", sourceText(metrics.source)],
    ["span", spanText(metrics)],
  ]);
  const headings = byProject ? ["PROJECT", ...HEADINGS] : HEADINGS;
  const rows = operations.map((row) => [...(byProject ? [projectText(row)] : []), ...cellsOf(row)]);
  return `${facts}\n${columns([headings, ...rows], byProject ? 2 : 1)}`;
}

function sourceText(source: MetricsSource): string {
  if (source.kind === "counters") return `${source.url}, in the memory of one isolate`;
  return `Analytics Engine, for the Worker ${source.worker} in the dataset ${source.dataset}`;
}

function spanText({ sinceMs, untilMs }: Metrics): string {
  if (sinceMs === null) return "nothing yet";
  return `${spanWords((untilMs - sinceMs) / 1000)}, since ${new Date(sinceMs).toISOString()}`;
}

function projectText({ project = "" }: OperationRow): string {
  return visibleLine(project === "" ? "-" : project);
}

function cellsOf(row: OperationRow): readonly string[] {
  return [
    visibleLine(row.operation),
    ...[row.requests, row.clientErrors, row.serverErrors].map(wholeText),
    humanBytes(row.bytesIn),
    humanBytes(row.bytesOut),
    ...[row.p50Ms, row.p99Ms, row.maxMs].map(msText),
  ];
}

/** Weights may make a fraction of a request. */
export function wholeText(count: number): string {
  return String(Math.round(count));
}

function msText(ms: number): string {
  return ms > 0 && ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
