import type { CloudflareApi } from "./api.ts";
import { isNotFound } from "./cloudflare-error.ts";
import { fieldsOf, listOf, numberOf, textOf } from "./fields.ts";

/** A binding as Cloudflare tells it; which of the values there are depends on the type. Secrets come without a value. */
export interface Binding {
  readonly name: string;
  /** `plain_text`, `secret_text`, `r2_bucket`, `kv_namespace`, `durable_object_namespace`, `analytics_engine`, ... */
  readonly type: string;
  /** The text, bucket, namespace, class or dataset. */
  readonly value: string | undefined;
}

/** A version in a list. */
export interface VersionEntry {
  readonly id: string;
  /** Counts the Worker's versions from 1. */
  readonly number: number | undefined;
  readonly createdOn: string | undefined;
  /** What whoever uploaded it wrote; a version that a change of a secret made has none. */
  readonly message: string | undefined;
}

/** All that a version fixes: a later change of any of it is another version. */
export interface WorkerVersion extends VersionEntry {
  readonly bindings: readonly Binding[];
  /** Cloudflare's hash of the script: equal for equal bytes. */
  readonly scriptEtag: string | undefined;
  readonly compatibilityDate: string | undefined;
  readonly migrationTag: string | undefined;
}

/** Which versions answer requests, and how many of a hundred each. */
export interface Deployment {
  readonly id: string;
  readonly createdOn: string | undefined;
  readonly versions: readonly { readonly versionId: string; readonly percentage: number }[];
}

const SCRIPTS = "Workers Scripts: Edit";

export function scriptPath(accountId: string, name: string): string {
  return `/accounts/${accountId}/workers/scripts/${encodeURIComponent(name)}`;
}

/** What is deployed, the newest deployment; nothing where there is no such Worker, or only a draft of one. */
export async function latestDeployment(
  api: CloudflareApi,
  accountId: string,
  name: string,
): Promise<Deployment | undefined> {
  try {
    const path = `${scriptPath(accountId, name)}/deployments`;
    const result = await api.get({ path, doing: `Looking for the Worker "${name}"`, permission: SCRIPTS });
    const [latest] = listOf(fieldsOf(result)["deployments"]);
    return latest === undefined ? undefined : deploymentOf(latest);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function deploymentOf(entry: unknown): Deployment {
  const { id, created_on: createdOn, versions } = fieldsOf(entry);
  const parts = listOf(versions).map((part) => {
    const { version_id: versionId, percentage } = fieldsOf(part);
    return { versionId: textOf(versionId) ?? "", percentage: numberOf(percentage) ?? 0 };
  });
  return { id: textOf(id) ?? "", createdOn: textOf(createdOn), versions: parts };
}

/** The latest versions, the newest first: as many as Cloudflare lists at once. */
export async function listVersions(
  api: CloudflareApi,
  accountId: string,
  name: string,
): Promise<readonly VersionEntry[]> {
  const path = `${scriptPath(accountId, name)}/versions`;
  const result = await api.get({ path, doing: `Listing the versions of "${name}"`, permission: SCRIPTS });
  return listOf(fieldsOf(result)["items"]).map(versionEntry);
}

export async function getVersion(
  api: CloudflareApi,
  accountId: string,
  name: string,
  id: string,
): Promise<WorkerVersion> {
  const path = `${scriptPath(accountId, name)}/versions/${encodeURIComponent(id)}`;
  const result = await api.get({ path, doing: `Reading the version ${id} of "${name}"`, permission: SCRIPTS });
  const resources = fieldsOf(fieldsOf(result)["resources"]);
  const runtime = fieldsOf(resources["script_runtime"]);
  return {
    ...versionEntry(result),
    bindings: listOf(resources["bindings"]).map(bindingOf),
    scriptEtag: textOf(fieldsOf(resources["script"])["etag"]),
    compatibilityDate: textOf(runtime["compatibility_date"]),
    migrationTag: textOf(runtime["migration_tag"]),
  };
}

/** Lets all requests go to a version. Refused by Cloudflare across a migration, and where secrets are others. */
export async function deployVersion(
  api: CloudflareApi,
  accountId: string,
  name: string,
  { versionId, message }: { readonly versionId: string; readonly message: string },
): Promise<void> {
  const path = `${scriptPath(accountId, name)}/deployments`;
  await api.post(
    { path, doing: `Deploying the version ${versionId} of "${name}"`, permission: SCRIPTS },
    {
      strategy: "percentage",
      versions: [{ version_id: versionId, percentage: 100 }],
      annotations: { "workers/message": message },
    },
  );
}

function versionEntry(entry: unknown): VersionEntry {
  const { id, number, metadata, annotations } = fieldsOf(entry);
  return {
    id: textOf(id) ?? "",
    number: numberOf(number),
    createdOn: textOf(fieldsOf(metadata)["created_on"]),
    message: textOf(fieldsOf(annotations)["workers/message"]),
  };
}

/** A Durable Object's binding has a `namespace_id` too, which only Cloudflare knows. */
const VALUE_FIELDS = ["text", "bucket_name", "class_name", "namespace_id", "dataset"];

function bindingOf(entry: unknown): Binding {
  const fields = fieldsOf(entry);
  const field = VALUE_FIELDS.find((name) => typeof fields[name] === "string");
  return {
    name: textOf(fields["name"]) ?? "",
    type: textOf(fields["type"]) ?? "",
    value: field === undefined ? undefined : String(fields[field]),
  };
}
