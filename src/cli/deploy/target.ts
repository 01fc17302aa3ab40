import { usageFailure } from "../command-failure.ts";
import { isWorkerName } from "./project-settings.ts";
import type { DeploymentSettings, Pins, ProjectSettings } from "./project-file.ts";

/** One deployment that a project file describes: its top level, or an environment. */
export interface Target {
  /** `--env`. */
  readonly environment: string | undefined;
  /** Name of the Worker. */
  readonly name: string;
  readonly url: string | undefined;
  readonly accountId: string | undefined;
  readonly main: string | undefined;
  readonly vars: Readonly<Record<string, string>>;
  readonly customDomain: string | undefined;
  readonly analytics: string | undefined;
  readonly bucket: string;
  readonly kvNamespace: string;
  readonly kvNamespaceId: string | undefined;
}

/**
 * The deployment that `--env` means. An environment takes over what it does not say itself, except what can belong to one
 * deployment only: name, address, bucket and namespace.
 */
export function targetOf(settings: ProjectSettings, environment?: string): Target {
  const target = described(settings, environment);
  const { name } = target;
  if (!isWorkerName(name)) {
    throw usageFailure(
      `The Worker of the environment ${environment ?? ""} would be named ${name}, which is too long.`,
      `Give it a name of its own in the project file: environments.${environment ?? ""}.name`,
    );
  }
  const others = [undefined, ...Object.keys(settings.environments ?? {})].filter((each) => each !== environment);
  for (const other of others) requireApart(target, described(settings, other));
  return target;
}

/** What one deployment only can have. */
const OWN = [
  ["name", "the Worker"],
  ["bucket", "the R2 bucket"],
  ["kvNamespace", "the KV namespace"],
  ["kvNamespaceId", "the KV namespace"],
] as const;

/** Two deployments with the same data would write over each other's, and removing one would remove the other's. */
function requireApart(target: Target, other: Target): void {
  const [here, there] = [target.accountId, other.accountId];
  if (here !== undefined && there !== undefined && here !== there) return;
  const shared = OWN.find(([field]) => target[field] !== undefined && target[field] === other[field]);
  if (shared === undefined) return;
  const [field, what] = shared;
  throw usageFailure(
    `In the project file ${placeName(target)} and ${placeName(other)} both have ${what} ${target[field] ?? ""}, which can belong to one of them only.`,
    `Give one of them another ${field === "name" ? "name" : `resources.${field}`} there.`,
  );
}

function placeName({ environment }: Target): string {
  return environment === undefined ? "the deployment without --env" : `environments.${environment}`;
}

function described(settings: ProjectSettings, environment: string | undefined): Target {
  const own = ownSettings(settings, environment);
  const name = own.name ?? `${settings.name}-${environment ?? ""}`;
  return {
    environment,
    name,
    url: own.url,
    accountId: own.accountId ?? settings.accountId,
    main: own.main ?? settings.main,
    vars: { ...settings.vars, ...own.vars },
    customDomain: own.customDomain,
    analytics: own.analytics ?? settings.analytics,
    bucket: own.resources?.bucket ?? `${name}-segments`,
    kvNamespace: own.resources?.kvNamespace ?? `${name}-registry`,
    kvNamespaceId: own.resources?.kvNamespaceId,
  };
}

function ownSettings(settings: ProjectSettings, environment: string | undefined): DeploymentSettings {
  if (environment === undefined) return settings;
  const { environments = {} } = settings;
  const own = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  if (own !== undefined) return own;
  const names = Object.keys(environments);
  throw usageFailure(
    `There is no environment ${JSON.stringify(environment)} in the project file.`,
    names.length === 0 ? "It has none; add it under environments." : `There are: ${names.join(", ")}.`,
  );
}

/** What `deploy` writes into the project file once it knows: from then on the deployment is these very things. */
export function pinsOf(target: Target, accountId: string, kvNamespaceId: string): Pins {
  return [
    ...(target.accountId === undefined ? [{ at: ["accountId"], value: accountId }] : []),
    { at: [...ownPlace(target), "resources", "bucket"], value: target.bucket },
    { at: [...ownPlace(target), "resources", "kvNamespace"], value: target.kvNamespace },
    { at: pinnedIdAt(target), value: kvNamespaceId },
  ];
}

/** Where the namespace's id stands in the project file. */
export function pinnedIdAt(target: Target): readonly string[] {
  return [...ownPlace(target), "resources", "kvNamespaceId"];
}

function ownPlace({ environment }: Target): readonly string[] {
  return environment === undefined ? [] : ["environments", environment];
}
