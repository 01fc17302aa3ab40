import type { CloudflareApi } from "../../cloudflare/api.ts";
import { CloudflareError } from "../../cloudflare/cloudflare-error.ts";
import { releaseOf } from "../../cloudflare/deployed-worker.ts";
import {
  deployVersion,
  getVersion,
  latestDeployment,
  listVersions,
  type VersionEntry,
  type WorkerVersion,
} from "../../cloudflare/worker-versions.ts";
import { BINDING } from "../../cloudflare/wrangler-config.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { notDeployed } from "./not-deployed.ts";

/** A Worker's versions, the newest first, and how many of a hundred requests each gets. */
export interface Versions {
  readonly name: string;
  /** Of the version that most requests go to; it may be older than those that are listed. */
  readonly liveId: string;
  readonly versions: readonly (VersionEntry & { readonly livePercentage: number })[];
}

/** The Worker whose versions are meant. */
export interface VersionsOf {
  readonly api: CloudflareApi;
  readonly accountId: string;
  readonly name: string;
}

/** A version that can be returned to. */
export interface RollbackPlan {
  readonly from: WorkerVersion;
  readonly to: WorkerVersion;
  /** Whether requests go to it alone already. */
  readonly isLive: boolean;
  /** Of the package that it was uploaded by; nothing where `deploy` did not upload it. */
  readonly release: string | undefined;
}

/** Cloudflare's number for "the secrets are others than those of what is deployed". */
const SECRETS_CHANGED = 10220;
const SHORTEST_ID = 6;

const OLDER_BUILD =
  "An older build also refuses streams that a newer one has stored in its own format, so that nothing is damaged.";

export async function versionsOf({ api, accountId, name }: VersionsOf): Promise<Versions> {
  const deployment = await latestDeployment(api, accountId, name);
  if (deployment === undefined) throw notDeployed(name, "there is nothing to return to");
  const entries = await listVersions(api, accountId, name);
  const versions = entries.map((entry) => ({
    ...entry,
    livePercentage: deployment.versions.find(({ versionId }) => versionId === entry.id)?.percentage ?? 0,
  }));
  const [live] = [...deployment.versions].sort((left, right) => right.percentage - left.percentage);
  if (live === undefined) throw notDeployed(name, "there is nothing to return to");
  return { name, liveId: live.versionId, versions };
}

/** Finds the version that is meant, and refuses one that cannot be returned to. */
export async function planRollback(
  worker: VersionsOf,
  { versions, liveId }: Versions,
  wanted: string,
): Promise<RollbackPlan> {
  const { api, accountId, name } = worker;
  const entry = versionNamed(worker, versions, wanted);
  const to = await getVersion(api, accountId, name, entry.id);
  const from = liveId === entry.id ? to : await getVersion(api, accountId, name, liveId);
  if (to.migrationTag !== from.migrationTag) throw acrossMigration(from, to);
  if (hasOperatorSecret(from) && !hasOperatorSecret(to)) throw withoutSecret(to);
  const release = await releaseOf(api, accountId, name, to);
  return { from, to, isLive: entry.livePercentage === 100, release: release?.version };
}

/** Lets all requests go to a version again. */
export async function rollBack({ api, accountId, name }: VersionsOf, { from, to }: RollbackPlan): Promise<void> {
  const message = `durable-streams rollback from ${labelOf(from)}`;
  try {
    await deployVersion(api, accountId, name, { versionId: to.id, message });
  } catch (error) {
    if (error instanceof CloudflareError && error.cloudflareCode === SECRETS_CHANGED) throw otherSecrets(to, error);
    throw error;
  }
}

/** How a version is called: by its number, or else by its id. */
export function labelOf({ number, id }: VersionEntry): string {
  return number === undefined ? id : `version ${String(number)}`;
}

/** By its number, its id, or the beginning of its id. */
function versionNamed({ name }: VersionsOf, versions: Versions["versions"], wanted: string): Versions["versions"][0] {
  const exact = versions.filter(({ id, number }) => id === wanted || String(number) === wanted);
  const found = exact.length > 0 ? exact : versions.filter(({ id }) => isBeginning(wanted, id));
  const [version, ...others] = found;
  if (version !== undefined && others.length === 0) return version;
  throw new CommandFailure({
    code: version === undefined ? "VERSION_NOT_FOUND" : "VERSION_AMBIGUOUS",
    message:
      version === undefined
        ? `The Worker ${name} has no version ${JSON.stringify(wanted)} among its latest ${String(versions.length)}.`
        : `Several versions of the Worker ${name} have an id that begins with ${wanted}.`,
    hint: "Those there are: durable-streams rollback",
    exitCode: version === undefined ? EXIT.notFound : EXIT.usage,
  });
}

function isBeginning(wanted: string, id: string): boolean {
  return wanted.length >= SHORTEST_ID && id.startsWith(wanted.toLowerCase());
}

function hasOperatorSecret({ bindings }: WorkerVersion): boolean {
  return bindings.some(({ name, type }) => name === BINDING.operatorSecret && type === "secret_text");
}

function acrossMigration(from: WorkerVersion, to: WorkerVersion): CommandFailure {
  const tags = `${to.migrationTag ?? "none"} there, ${from.migrationTag ?? "none"} now`;
  return new CommandFailure({
    code: "MIGRATION_BETWEEN",
    message: `A Durable Object migration lies between ${labelOf(to)} and what is deployed (${tags}), and Cloudflare does not go back across one: the objects would have no code. ${OLDER_BUILD}`,
    hint: "Go forward instead: deploy a version that mends what is wrong.",
    exitCode: EXIT.conflict,
  });
}

function withoutSecret(to: WorkerVersion): CommandFailure {
  return new CommandFailure({
    code: "VERSION_WITHOUT_SECRET",
    message: `${capital(labelOf(to))} was uploaded before the Worker had its operator secret, and with it nobody could get in.`,
    hint: "Take the version after it, which has the same code and the secret.",
    exitCode: EXIT.conflict,
  });
}

function otherSecrets(to: WorkerVersion, cause: Error): CommandFailure {
  return new CommandFailure(
    {
      code: "SECRETS_CHANGED",
      message: `${capital(labelOf(to))} has other secrets than the Worker has now, and returning to it would bring the old ones back.`,
      hint: "Deploy what it was with the package of that version: npx durable-streams@VERSION deploy",
      exitCode: EXIT.conflict,
    },
    { cause },
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** What is to be known before a version of another release is returned to. */
export function rollbackWarning({ release }: RollbackPlan, version: string): string | undefined {
  if (release === version) return undefined;
  return `It was uploaded ${release === undefined ? "by something else than deploy" : `by durable-streams ${release}`}. ${OLDER_BUILD}`;
}
