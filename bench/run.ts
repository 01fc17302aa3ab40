// Measures our server against the platform's limit and the reference implementation; see README.md.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureForks, printForks } from "./forks.ts";
import { measureHistory, printHistory } from "./history.ts";
import { measureListing, printListing } from "./listing.ts";
import { measureSubscriptions, printSubscriptions } from "./subscriptions.ts";
import { measure, type Measured } from "./measure.ts";
import { parseOptions, USAGE, type Options } from "./options.ts";
import { countRows, printRows } from "./rows.ts";
import { asJson, printScenario } from "./report.ts";
import { APPENDS } from "./scenarios/appends.ts";
import { measureAuth, printAuth } from "./scenarios/auth.ts";
import { BODIES } from "./scenarios/bodies.ts";
import { CREATIONS } from "./scenarios/creations.ts";
import { LIVE } from "./scenarios/live.ts";
import { READS } from "./scenarios/reads.ts";
import { startServer, type RunningServer } from "./servers/start.ts";
import { measureStartUp, printStartUp } from "./start-up.ts";
import type { Scenario } from "./types.ts";

/** What is measured beside the scenarios, and printed as tables of its own. */
const TABLES = ["start", "rows", "history", "forks", "listing", "subscriptions", "auth"];

const SCENARIOS = [...APPENDS, CREATIONS, BODIES, ...READS, ...LIVE];

async function startServers({ also, without }: Options, data: string): Promise<RunningServer[]> {
  const names = ["limit", "ref", "ours", ...also.keys()].filter((name) => !without.includes(name));
  const started = await Promise.allSettled(names.map((name) => startServer(name, also.get(name), data)));
  const servers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (failed === undefined) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw failed.reason;
}

async function runScenarios(options: Options, scenarios: readonly Scenario[], data: string): Promise<Measured[]> {
  if (scenarios.length === 0) return [];
  const servers = await startServers(options, data);
  try {
    const results: Measured[] = [];
    for (const scenario of scenarios) {
      const measured = await measure(scenario, servers, options.size);
      results.push(measured);
      if (!options.json) printScenario(measured, servers);
    }
    return results;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Whether every server did what was asked of it. Aims that are missed are printed, and are no failure. */
async function run(options: Options, data: string): Promise<boolean> {
  const { size, json, only } = options;
  const wanted = (key: string) => only?.includes(key) ?? true;
  const unknown = only?.filter((key) => !TABLES.includes(key) && !SCENARIOS.some((one) => one.key === key));
  if (unknown !== undefined && unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(", ")}`);
  const results = await runScenarios(
    options,
    SCENARIOS.filter(({ key }) => wanted(key)),
    data,
  );
  const startUp = wanted("start") ? await measureStartUp(size.starts, data) : undefined;
  if (startUp !== undefined && !json) printStartUp(startUp, size.starts);
  const rows = wanted("rows") ? await countRows(data) : undefined;
  if (rows !== undefined && !json) printRows(rows);
  const history = wanted("history") ? await measureHistory(size.rounds, data) : undefined;
  if (history !== undefined && !json) printHistory(history);
  const forks = wanted("forks") ? await measureForks(size.forks, data) : undefined;
  if (forks !== undefined && !json) printForks(forks);
  const listing = wanted("listing") ? await measureListing(data) : undefined;
  if (listing !== undefined && !json) printListing(listing);
  const subscriptions = wanted("subscriptions") ? await measureSubscriptions(size.subscriptions, data) : undefined;
  if (subscriptions !== undefined && !json) printSubscriptions(subscriptions);
  const auth = wanted("auth") ? await measureAuth(size.rounds, size.loadMs, data) : undefined;
  if (auth !== undefined && !json) printAuth(auth);
  const figures = { scenarios: asJson(results), startUp, rows, history, forks, listing, subscriptions, auth };
  if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  return results.every(({ failures }) => failures.size === 0);
}

const options = parseOptions(process.argv.slice(2));
if (options === undefined) {
  process.stdout.write(USAGE);
} else {
  const data = await mkdtemp(join(tmpdir(), "durable-streams-bench-"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  process.once("exit", () => rmSync(data, { recursive: true, force: true }));
  try {
    if (!(await run(options, data))) process.exitCode = 1;
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
