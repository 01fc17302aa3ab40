import path from "node:path";
import { wranglerConfig, MIGRATIONS, type WorkerConfig } from "../../cloudflare/wrangler-config.ts";
import { COMPATIBILITY_DATE } from "../../local/compatibility-date.ts";
import { ownBundle, shippedBundle, type Bundle } from "./bundle.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { observe, type Observed } from "./observe.ts";
import { chooseOperatorSecret, type OperatorSecret } from "./operator-secret.ts";
import { makePlan, type Plan } from "./plan.ts";
import { preflight, type Destination } from "./preflight.ts";
import type { Steps } from "./steps.ts";
import type { Target } from "./target.ts";

/** Everything that is known and decided before anything is changed. */
export interface Prepared {
  readonly target: Target;
  readonly destination: Destination;
  readonly bundle: Bundle;
  readonly observed: Observed;
  readonly operatorSecret: OperatorSecret;
  readonly plan: Plan;
}

/** Asks, compares and decides. `work` is an empty folder. */
export async function prepare(options: DeployOptions, target: Target, work: string, steps: Steps): Promise<Prepared> {
  const destination = await steps.run(
    "Checking login, account and address",
    () => preflight(target, options),
    ({ account, url }) => `account ${account.name}, ${url}`,
  );
  const bundle = await makeBundle(options, target, work, steps);
  const observed = await steps.run(
    "Looking at what is there",
    () => observe(destination, target),
    ({ worker }) => (worker === undefined ? "no Worker of this name" : `Worker ${target.name}`),
  );
  const { url } = destination;
  const version = observed.worker?.version;
  const holder = { name: target.name, url, version };
  const operatorSecret = await chooseOperatorSecret(options.config, holder, options.rotateOperatorSecret);
  const plan = makePlan(
    {
      target,
      url,
      bundle,
      packageVersion: options.version,
      compatibilityDate: COMPATIBILITY_DATE,
      operatorSecret: operatorSecret.action,
      isSecretGiven: operatorSecret.isGiven,
    },
    observed,
  );
  return { target, destination, bundle, observed, operatorSecret, plan };
}

function makeBundle(options: DeployOptions, target: Target, work: string, steps: Steps): Promise<Bundle> {
  const { main } = target;
  if (main === undefined) return shippedBundle(options.workerFile, work);
  const source = path.resolve(options.cwd, main);
  return steps.run(
    `Bundling ${main}`,
    () => ownBundle(configOf(target, { main: source }), work, options),
    ({ gzipBytes }) => `${String(Math.ceil(gzipBytes / 1024))} KiB gzip`,
  );
}

/** The configuration of a deployment as far as it is known. */
function configOf(target: Target, known: Partial<WorkerConfig> & Pick<WorkerConfig, "main">): WorkerConfig {
  const { name, vars, bucket, analytics, customDomain, kvNamespaceId } = target;
  return {
    name,
    vars,
    bucket,
    customDomain,
    analyticsDataset: analytics,
    namespaceId: kvNamespaceId,
    compatibilityDate: COMPATIBILITY_DATE,
    migrations: MIGRATIONS,
    ...known,
  };
}

/** What wrangler is given for the upload. */
export function uploadConfig({ target, destination, bundle, plan }: Prepared, namespaceId: string): string {
  const { main, withModules } = bundle;
  const known = {
    main,
    bundled: { withModules },
    accountId: destination.account.id,
    namespaceId,
    migrations: plan.migrations,
  };
  return `${JSON.stringify(wranglerConfig(configOf(target, known)), null, 2)}\n`;
}
