import { deployedWorker, type DeployedWorker } from "../../cloudflare/deployed-worker.ts";
import { bucketExists, findNamespace, namespaceById, type Namespace } from "../../cloudflare/resources.ts";
import { customDomainHolder } from "../../cloudflare/worker-settings.ts";
import type { Destination } from "./preflight.ts";
import type { Target } from "./target.ts";

/** What there is of a deployment in the account. */
export interface Observed {
  readonly bucket: boolean;
  readonly namespace: Namespace | undefined;
  readonly worker: DeployedWorker | undefined;
  /** The Worker that the custom domain leads to, where one is wished. */
  readonly domainHolder?: string | undefined;
}

/** Looks, and changes nothing. */
export async function observe(destination: Destination, target: Target): Promise<Observed> {
  const { api, account } = destination;
  const { customDomain } = target;
  const [bucket, namespace, worker, domainHolder] = await Promise.all([
    bucketExists(api, account.id, target.bucket),
    findDeploymentNamespace(destination, target),
    deployedWorker(api, account.id, target.name),
    customDomain === undefined ? undefined : customDomainHolder(api, account.id, customDomain),
  ]);
  return { bucket, namespace, worker, domainHolder };
}

/** The pinned one, if it is still there; else the one of that very title. */
export async function findDeploymentNamespace(
  { api, account }: Pick<Destination, "api" | "account">,
  { kvNamespaceId, kvNamespace }: Target,
): Promise<Namespace | undefined> {
  const pinned = kvNamespaceId === undefined ? undefined : await namespaceById(api, account.id, kvNamespaceId);
  return pinned ?? findNamespace(api, account.id, kvNamespace);
}
