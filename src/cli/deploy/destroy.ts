import { deployedWorker } from "../../cloudflare/deployed-worker.ts";
import {
  deleteBucket,
  deleteNamespace,
  deleteWorker,
  requireOwnObjects,
  workerExists,
} from "../../cloudflare/removal.ts";
import { bucketExists, type Namespace } from "../../cloudflare/resources.ts";
import { SEGMENTS_FOLDER } from "../../protocol/segment/key.ts";
import { changeContexts, contextsOfServer, loadContexts, withoutContext } from "../config/contexts.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { credentialsFor, forgetServer } from "../config/credentials.ts";
import { findDeploymentNamespace } from "./observe.ts";
import { planMigrations } from "./plan-migrations.ts";
import type { Destination } from "./preflight.ts";
import { PROJECT_FILE } from "./project-file.ts";
import type { Steps } from "./steps.ts";
import type { Target } from "./target.ts";
import { unpinNamespace } from "./unpin.ts";

/** What is there of a deployment, in the account and here. */
export interface Remains {
  readonly worker: boolean;
  /** Its name. */
  readonly bucket: string | undefined;
  readonly namespace: Namespace | undefined;
  /** Of the namespace, as the project file has it. */
  readonly pinnedId: string | undefined;
  /** Names of the contexts that lead to the server. */
  readonly contexts: readonly string[];
  readonly credentials: boolean;
}

/** Looks, and changes nothing. A Worker of that name that is no server of ours is refused. */
export async function findRemains(destination: Destination, target: Target, folder: ConfigFolder): Promise<Remains> {
  const { api, account, url } = destination;
  const [worker, deployed, bucket, namespace, all, saved] = await Promise.all([
    workerExists(api, account.id, target.name),
    deployedWorker(api, account.id, target.name),
    bucketExists(api, account.id, target.bucket),
    findDeploymentNamespace(destination, target),
    loadContexts(folder),
    credentialsFor(folder, url),
  ]);
  planMigrations(target.name, deployed?.version);
  const hasOperatorSecret = saved.operatorSecret !== undefined || saved.nextOperatorSecret !== undefined;
  return {
    worker,
    bucket: bucket ? target.bucket : undefined,
    namespace,
    pinnedId: target.kvNamespaceId,
    contexts: contextsOfServer(all, url),
    credentials: hasOperatorSecret || Object.keys(saved.projects).length > 0,
  };
}

export function isNothing({ worker, bucket, namespace, pinnedId, contexts, credentials }: Remains): boolean {
  const hasData = bucket !== undefined || namespace !== undefined;
  return !worker && !hasData && pinnedId === undefined && contexts.length === 0 && !credentials;
}

/** What stays when data are kept. */
export function withoutData(remains: Remains): Remains {
  return { ...remains, bucket: undefined, namespace: undefined, pinnedId: undefined };
}

/** What goes, for people, a line each. */
export function remainsText(remains: Remains, target: Target): string {
  const { worker, bucket, namespace, pinnedId, contexts, credentials } = remains;
  return [
    ...(worker
      ? [`  - Worker        ${target.name}, with its Durable Objects: streams, projects, what is not sealed yet`]
      : []),
    ...(bucket === undefined ? [] : [`  - R2 bucket     ${bucket}, with all objects in it`]),
    ...(namespace === undefined ? [] : [`  - KV namespace  ${namespace.title} (${namespace.id})`]),
    ...(pinnedId === undefined ? [] : [`  - pinned id     of the KV namespace, in ${PROJECT_FILE}`]),
    ...contexts.map((name) => `  - context       ${name}, saved here`),
    ...(credentials ? [`  - credentials   of the server, saved here`] : []),
  ].join("\n");
}

interface Destruction {
  readonly target: Target;
  readonly remains: Remains;
  /** Where the project file is. */
  readonly cwd: string;
  /** Contexts and credentials. */
  readonly folder: ConfigFolder;
}

/**
 * Removes it: first the Worker, so that nothing is written any more, and last what leads to it from here, so that a run
 * that was broken off is completed by the next one.
 */
export async function destroy(
  { api, account, url }: Destination,
  { target, remains, cwd, folder }: Destruction,
  steps: Steps,
  onProgress: (objects: number) => void,
): Promise<void> {
  const { worker, bucket, namespace, pinnedId, contexts } = remains;
  const ownBucket = bucket === undefined ? undefined : { name: bucket, prefix: SEGMENTS_FOLDER };
  // Before anything is gone: the name of a bucket in the file may be that of somebody else's.
  if (ownBucket !== undefined) await requireOwnObjects(api, account.id, ownBucket);
  if (worker) {
    const title = `Removing the Worker ${target.name}`;
    await steps.run(title, () => deleteWorker(api, account.id, target.name), removed);
  }
  if (ownBucket !== undefined) {
    await steps.run(
      `Removing the R2 bucket ${ownBucket.name} and its objects`,
      () => deleteBucket(api, account.id, ownBucket, onProgress),
      (objects) => `removed, with ${String(objects)} ${objects === 1 ? "object" : "objects"}`,
    );
  }
  if (namespace !== undefined) {
    const title = `Removing the KV namespace ${namespace.title}`;
    await steps.run(title, () => deleteNamespace(api, account.id, namespace.id), removed);
  }
  if (pinnedId !== undefined) await unpinNamespace(cwd, target, pinnedId);
  await changeContexts(folder, (all) => contexts.reduce(withoutContext, all));
  await forgetServer(folder, url);
}

function removed(): string {
  return "removed";
}
