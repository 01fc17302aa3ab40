import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { usageFailure } from "../command-failure.ts";
import { reportError } from "../error-report.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { apply } from "./apply.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { finish, finishedContext, glance, type Finished } from "./finish.ts";
import { planText } from "./plan-text.ts";
import type { PlanItem } from "./plan-item.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { readProjectFile } from "./project-file.ts";
import { Steps } from "./steps.ts";
import { targetOf } from "./target.ts";
import { wishText } from "./wish-text.ts";

/** What `--json` prints. */
export interface DeployResult {
  readonly name: string;
  readonly environment?: string | undefined;
  readonly account: { readonly id: string; readonly name: string };
  readonly url: string;
  readonly plan: {
    readonly changes: number;
    readonly items: readonly PlanItem[];
    readonly warnings: readonly string[];
  };
  readonly dryRun: boolean;
  readonly deployed?: {
    readonly versionId?: string | undefined;
  } & Finished;
}

/** How a run ends that could not ask Cloudflare: nobody answered, or nobody was logged in. */
const NOT_ASKED: ReadonlySet<ExitCode> = new Set([EXIT.retry, EXIT.notAllowed]);

/** Deploys what the project file describes. Running it again changes nothing; broken off, the next run goes on. */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
  const { settings } = await readProjectFile(options.cwd);
  const target = targetOf(settings, options.environment);
  const steps = new Steps(options.notices);
  const work = await mkdtemp(path.join(tmpdir(), "durable-streams-deploy-"));
  try {
    const prepared = await prepare(options, target, work, steps).catch((error: unknown) => {
      if (options.dryRun && NOT_ASKED.has(reportError(error).exitCode)) {
        options.notices.note(wishText(target, options.version));
      }
      throw error;
    });
    showPlan(options, prepared);
    const result = resultOf(options, prepared);
    if (options.dryRun) return result;
    const saved = prepared.plan.changes === 0 ? await finishedContext(options, prepared) : undefined;
    if (saved !== undefined) {
      const checks = await glance(options, prepared, steps);
      options.notices.note("Nothing to do: everything is as it should be.");
      return { ...result, deployed: { checks, ...saved } };
    }
    await requireAgreement(options, prepared);
    const { versionId } = await apply(options, prepared, work, steps);
    const finished = await finish(options, prepared, steps);
    return { ...result, deployed: { versionId, ...finished } };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function showPlan({ notices, verbose, dryRun }: DeployOptions, { plan }: Prepared): void {
  for (const warning of plan.warnings) notices.warning(warning);
  notices.note(planText(plan, verbose));
  if (dryRun) notices.note("Nothing was changed: this was a dry run.");
}

function resultOf(options: DeployOptions, { target, destination, plan }: Prepared): DeployResult {
  const { changes, items, warnings } = plan;
  return {
    name: target.name,
    environment: target.environment,
    account: destination.account,
    url: destination.url,
    plan: { changes, items, warnings },
    dryRun: options.dryRun,
  };
}

/** What was begun may be completed without asking; a change is asked for. */
async function requireAgreement({ agree }: DeployOptions, { plan, target }: Prepared): Promise<void> {
  if (plan.changes === 0 || agree === true) return;
  if (agree === undefined) {
    throw usageFailure(
      `Deploying ${target.name} changes something, and nobody can be asked whether it may.`,
      "Agree by --yes, or only look by --dry-run.",
    );
  }
  if (!(await agree(`Deploy ${target.name}?`))) throw usageFailure("Nothing was changed: you did not agree.");
}
