import type { CloudflareApi } from "./api.ts";
import { parseReleaseMessage, type Release } from "./release.ts";
import { workerSettings, type WorkerSettings } from "./worker-settings.ts";
import { getVersion, latestDeployment, listVersions, type Deployment, type WorkerVersion } from "./worker-versions.ts";

/** A Worker as it is deployed now. */
export interface DeployedWorker {
  readonly deployment: Deployment;
  /** The version that most requests go to. */
  readonly version: WorkerVersion;
  /** What was uploaded with its script; nothing where that was not done by `deploy`. */
  readonly release: Release | undefined;
  readonly settings: WorkerSettings;
}

/** Looks at what is deployed under a name; nothing where there is no such Worker. */
export async function deployedWorker(
  api: CloudflareApi,
  accountId: string,
  name: string,
): Promise<DeployedWorker | undefined> {
  const deployment = await latestDeployment(api, accountId, name);
  const [part] = [...(deployment?.versions ?? [])].sort((left, right) => right.percentage - left.percentage);
  if (deployment === undefined || part === undefined) return undefined;
  const [version, settings] = await Promise.all([
    getVersion(api, accountId, name, part.versionId),
    workerSettings(api, accountId, name),
  ]);
  const release = await releaseOf(api, accountId, name, version);
  return { deployment, version, release, settings };
}

/** What was uploaded with a version's script; nothing where that was not done by `deploy`. */
export async function releaseOf(
  api: CloudflareApi,
  accountId: string,
  name: string,
  version: WorkerVersion,
): Promise<Release | undefined> {
  return parseReleaseMessage(version.message) ?? (await releaseOfScript(api, accountId, name, version));
}

/**
 * The release that a version's script came with. A change of a secret makes a version of its own with the same script and
 * no message: the version before that was uploaded tells, if its script is the same.
 */
async function releaseOfScript(
  api: CloudflareApi,
  accountId: string,
  name: string,
  version: WorkerVersion,
): Promise<Release | undefined> {
  if (version.number === undefined || version.scriptEtag === undefined) return undefined;
  const versions = await listVersions(api, accountId, name);
  const uploaded = versions.find(
    ({ number = Infinity, message }) => number < Number(version.number) && parseReleaseMessage(message) !== undefined,
  );
  if (uploaded === undefined) return undefined;
  const source = await getVersion(api, accountId, name, uploaded.id);
  return source.scriptEtag === version.scriptEtag ? parseReleaseMessage(uploaded.message) : undefined;
}
