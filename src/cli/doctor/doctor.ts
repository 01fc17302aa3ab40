import { corsCheck } from "./cors.ts";
import { deploymentChecks } from "./deployment.ts";
import { localChecks } from "./local-files.ts";
import { loginChecks } from "./login.ts";
import { operatorSecretCheck } from "./operator-secret.ts";
import { type CheckResult, runChecks } from "./run-checks.ts";
import { serverChecks } from "./server.ts";
import { Site, type SiteOptions } from "./site.ts";
import { toolChecks } from "./tools.ts";

export interface DoctorOptions extends SiteOptions {
  /** Mend what is harmless to mend: permissions, leftovers of locks, ids in the project file. */
  readonly fix: boolean;
  /** Gets the results one by one, in the order of the checks. */
  readonly onResult: (result: CheckResult) => Promise<void>;
}

/** What `--json` prints. */
export interface Diagnosis {
  /** No check has failed. */
  readonly well: boolean;
  readonly checks: readonly CheckResult[];
}

/** Looks at everything that a working setup needs. Without `fix` it changes nothing. */
export async function doctor(options: DoctorOptions): Promise<Diagnosis> {
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const site = new Site({ ...options, signal });
  const [projectFile, ...deployment] = deploymentChecks(site);
  const checks = [
    ...toolChecks(options.packageRoot),
    ...localChecks(options.config, options.cwd),
    ...(projectFile === undefined ? [] : [projectFile]),
    ...loginChecks(site),
    ...deployment,
    ...serverChecks(site),
    operatorSecretCheck(site),
    corsCheck(site),
  ];
  try {
    const results = await runChecks(checks, { fix: options.fix, signal: options.signal, onResult: options.onResult });
    return { well: results.every(({ state }) => state !== "failed"), checks: results };
  } finally {
    // What ran out of time, such as a wrangler, does not go on.
    ending.abort();
    await site.transport.close();
  }
}
