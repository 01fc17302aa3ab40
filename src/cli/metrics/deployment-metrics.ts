import { queryOperations, type OperationStatistics } from "../../cloudflare/analytics.ts";
import { CommandFailure } from "../command-failure.ts";
import { preflight, type PreflightOptions } from "../deploy/preflight.ts";
import { PROJECT_FILE } from "../deploy/project-file.ts";
import { EXIT } from "../exit-codes.ts";
import type { Notices } from "../notices.ts";
import type { MeantDeployment } from "./meant-deployment.ts";
import { busiestFirst, type Metrics } from "./operation-row.ts";

export interface DeploymentMetricsOptions {
  readonly preflight: PreflightOptions;
  readonly sinceSeconds: number;
  readonly project: string | undefined;
  readonly byProject: boolean;
  readonly notices: Notices;
}

/** Cloudflare keeps data points for three months. */
const KEPT_SECONDS = 92 * 86_400;

/** What Analytics Engine has of a deployment. */
export async function deploymentMetrics(
  { target, sharedWith }: MeantDeployment,
  options: DeploymentMetricsOptions,
): Promise<Metrics> {
  const { notices, sinceSeconds, project, byProject } = options;
  const { name: worker, environment, analytics: dataset } = target;
  if (dataset === undefined) throw noDataset(worker, environment);
  const { api, account } = await preflight(target, options.preflight);
  const untilMs = Date.now();
  const answer = await queryOperations(api, account.id, { dataset, sinceSeconds, project, byProject });
  if (answer.kind === "nothing") notices.detail(answer.said);
  const rows = answer.kind === "rows" ? answer.rows : [];
  for (const sentence of remarks(rows, sharedWith, sinceSeconds)) notices.note(sentence);
  return {
    source: { kind: "analytics", worker, dataset, ...(environment === undefined ? {} : { environment }) },
    sinceMs: untilMs - sinceSeconds * 1000,
    untilMs,
    operations: busiestFirst(rows.map(({ points: _points, ...row }) => row)),
  };
}

function remarks(
  rows: readonly OperationStatistics[],
  sharedWith: readonly string[],
  sinceSeconds: number,
): readonly string[] {
  const sum = (amount: (row: OperationStatistics) => number): number =>
    Math.round(rows.reduce((all, row) => all + amount(row), 0));
  const [points, requests] = [sum((row) => row.points), sum((row) => row.requests)];
  return [
    ...(points < requests
      ? [`Cloudflare kept ${String(points)} data points of about ${String(requests)}: the numbers are estimates.`]
      : []),
    ...(sharedWith.length > 0
      ? [`${sharedWith.join(" and ")} may write to the same dataset, and is then counted in: points name no Worker.`]
      : []),
    ...(sinceSeconds > KEPT_SECONDS ? ["Cloudflare keeps data points for three months: what is older is gone."] : []),
  ];
}

function noDataset(worker: string, environment: string | undefined): CommandFailure {
  const place = environment === undefined ? "" : ` (or under environments.${environment})`;
  return new CommandFailure({
    code: "NO_DATASET",
    message: `The Worker ${worker} writes its metrics nowhere: ${PROJECT_FILE} gives it no dataset.`,
    hint: `Add "analytics": "${worker.replaceAll("-", "_")}" to ${PROJECT_FILE}${place} and run deploy. Until then metrics --context ${worker} tells what one of its isolates has counted.`,
    exitCode: EXIT.usage,
  });
}
