import { boolean, string } from "@oclif/core/flags";
import { usageFailure } from "../cli/command-failure.ts";
import { isLoopback } from "../cli/config/add-context.ts";
import { parseDurationSeconds, spanWords } from "../cli/duration.ts";
import { costOf, type Cost } from "../cli/metrics/cost.ts";
import { costText } from "../cli/metrics/cost-text.ts";
import type { Selection } from "../cli/metrics/counted-rows.ts";
import { deploymentMetrics } from "../cli/metrics/deployment-metrics.ts";
import { meantDeployment, type MeantDeployment } from "../cli/metrics/meant-deployment.ts";
import { metricsText } from "../cli/metrics/metrics-text.ts";
import { nothingCounted } from "../cli/metrics/nothing-counted.ts";
import type { Metrics as Counted } from "../cli/metrics/operation-row.ts";
import { counterMetrics, type Since } from "../cli/metrics/server-counters.ts";

import { requireProjectName } from "../cli/projects/project-name.ts";
import { ServerCommand } from "../cli/server-command.ts";
import { writeOutput } from "../cli/standard-output.ts";

const DEFAULT_SINCE = "24h";
const LONGEST_SINCE_SECONDS = 366 * 86_400;

export default class Metrics extends ServerCommand {
  static override summary = "Show what a deployment or a server did: operations, bytes, latencies, costs.";
  static override description = `A deployment is asked about at Cloudflare's Analytics Engine: that of the folder's durable-streams.jsonc, or the environment that --env names. It needs a dataset ("analytics" in that file), and Cloudflare takes a minute or two until something shows.

A server that --url or --context names (or their variables), and the usual one in a folder without such a file, is asked for its own counters: one isolate's, since its first operation. On this machine that is everything; on Cloudflare it is one of many. Its p50 and p99 are up to a fifth too large, and --since cannot make the span shorter.

With --project only that project counts. --cost estimates from how many operations there were, and says what it leaves out.`;
  static override examples = [
    "<%= config.bin %> <%= command.id %> --since 7d --cost",
    "<%= config.bin %> <%= command.id %> --env staging --by project --json",
    "<%= config.bin %> <%= command.id %> --url http://localhost:4437",
  ];

  static override flags = {
    env: string({ summary: "The environment of the project file that is meant.", helpValue: "NAME" }),
    since: string({
      summary: `How far back to look, of a deployment ${DEFAULT_SINCE} unless said: 90s, 15m, 12h, 7d or 2w.`,
      helpValue: "DURATION",
    }),
    by: string({ summary: "Tell projects apart.", options: ["project"] }),
    cost: boolean({ summary: "Estimate what it costs on Cloudflare." }),
  };

  override async run(): Promise<Counted & { readonly cost?: Cost }> {
    const { flags } = await this.parse(Metrics);
    const { env: environment, cost: wantsCost, json } = flags;
    const since = flags.since === undefined ? undefined : sinceOf(flags.since);
    const selection = { project: this.#onlyProject(), byProject: flags.by === "project" };
    const deployment = await meantDeployment({ environment, source: this.target.source, cwd: process.cwd() });
    const metrics =
      deployment === undefined
        ? await this.#ofServer(flags, since, selection)
        : await this.#ofDeployment(deployment, since ?? sinceOf(DEFAULT_SINCE), selection);
    const cost = wantsCost ? costOf(metrics.operations) : undefined;
    if (!json) await this.#print(metrics, selection.byProject, cost);
    return { ...metrics, ...(cost === undefined ? {} : { cost }) };
  }

  async #print(metrics: Counted, byProject: boolean, cost: Cost | undefined): Promise<void> {
    if (metrics.operations.length === 0) {
      this.notices.note(nothingCounted(metrics));
      return;
    }
    await writeOutput(metricsText(metrics, byProject));
    if (cost !== undefined) await writeOutput(`\n${costText(cost)}`);
  }

  /** A project that a context or a file names is where streams are; who wants one alone says so. */
  #onlyProject(): string | undefined {
    const { project, projectSource } = this.target;
    const isSaid = projectSource === "flag" || projectSource === "environment";
    return project === undefined || !isSaid ? undefined : requireProjectName(project);
  }

  #ofDeployment(deployment: MeantDeployment, since: Since, selection: Selection): Promise<Counted> {
    const { root, userAgent } = this.config;
    const trace = process.env["DURABLE_STREAMS_DEBUG"] === "api" ? traceToStderr : undefined;
    const signal = this.interruptSignal();
    const preflight = { packageRoot: root, cwd: process.cwd(), userAgent, signal, trace };
    return deploymentMetrics(deployment, {
      preflight,
      sinceSeconds: since.seconds,
      ...selection,
      notices: this.notices,
    });
  }

  async #ofServer(
    flags: { readonly url: string; readonly token?: string | undefined },
    since: Since | undefined,
    selection: Selection,
  ): Promise<Counted> {
    const { origin } = new URL(flags.url);
    const client = await this.connect(flags);
    const metrics = counterMetrics(origin, await client.metrics(origin), since, selection);
    if (since !== undefined && metrics.sinceMs !== null) this.notices.note(notSoFarBack(since, metrics.sinceMs));
    if (!isLoopback(origin)) {
      this.notices.note(
        `This is what one isolate of ${origin} has counted. What all have done is in Analytics Engine: run this in the folder of the deployment.`,
      );
    }
    return metrics;
  }
}

function notSoFarBack({ text }: Since, sinceMs: number): string {
  const ago = spanWords((Date.now() - sinceMs) / 1000);
  return `--since ${text} changes nothing: the server counts itself, and has done so for ${ago}. All of that is shown.`;
}

function sinceOf(text: string): Since {
  const seconds = parseDurationSeconds(text, "--since");
  if (seconds > 0 && seconds <= LONGEST_SINCE_SECONDS) return { text, seconds };
  throw usageFailure(`--since ${text} is not between one second and a year.`, "Cloudflare keeps three months.");
}

function traceToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
