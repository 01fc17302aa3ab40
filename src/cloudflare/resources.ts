import type { CloudflareApi } from "./api.ts";
import { CloudflareError, isNotFound } from "./cloudflare-error.ts";
import { fieldsOf, textOf } from "./fields.ts";

export interface Namespace {
  readonly id: string;
  readonly title: string;
}

const R2 = "Workers R2 Storage: Edit";
const KV = "Workers KV Storage: Edit";
/** Cloudflare's numbers for "there is one of this name already". */
const BUCKET_EXISTS = 10004;
const NAMESPACE_EXISTS = 10014;

/** Whether the account has a bucket of exactly this name. */
export async function bucketExists(api: CloudflareApi, accountId: string, name: string): Promise<boolean> {
  try {
    const path = `/accounts/${accountId}/r2/buckets/${encodeURIComponent(name)}`;
    await api.get({ path, doing: `Looking for the R2 bucket "${name}"`, permission: R2 });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Makes a bucket; one that came to be in the meantime is as good. */
export async function createBucket(api: CloudflareApi, accountId: string, name: string): Promise<void> {
  const path = `/accounts/${accountId}/r2/buckets`;
  try {
    await api.post({ path, doing: `Creating the R2 bucket "${name}"`, permission: R2 }, { name });
  } catch (error) {
    if (!hasNumber(error, BUCKET_EXISTS)) throw error;
  }
}

/** The namespace of exactly this title; titles are unique in an account. */
export async function findNamespace(
  api: CloudflareApi,
  accountId: string,
  title: string,
): Promise<Namespace | undefined> {
  const path = `/accounts/${accountId}/storage/kv/namespaces`;
  for await (const entry of api.list({ path, doing: `Looking for the KV namespace "${title}"`, permission: KV })) {
    const namespace = namespaceOf(entry);
    if (namespace?.title === title) return namespace;
  }
  return undefined;
}

/** A namespace by its id, or nothing if the account has none. */
export async function namespaceById(api: CloudflareApi, accountId: string, id: string): Promise<Namespace | undefined> {
  try {
    const path = `/accounts/${accountId}/storage/kv/namespaces/${encodeURIComponent(id)}`;
    return namespaceOf(await api.get({ path, doing: `Looking for the KV namespace ${id}`, permission: KV }));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Makes a namespace; one of this title that came to be in the meantime is as good. */
export async function createNamespace(api: CloudflareApi, accountId: string, title: string): Promise<Namespace> {
  const path = `/accounts/${accountId}/storage/kv/namespaces`;
  const doing = `Creating the KV namespace "${title}"`;
  const made = await api.post({ path, doing, permission: KV }, { title }).catch((error: unknown) => {
    if (hasNumber(error, NAMESPACE_EXISTS)) return undefined;
    throw error;
  });
  const namespace = namespaceOf(made) ?? (await findNamespace(api, accountId, title));
  if (namespace !== undefined) return namespace;
  throw new CloudflareError({
    kind: "unavailable",
    code: "CLOUDFLARE_ANSWER_UNKNOWN",
    message: `${doing} was answered without an id, and the namespace is not in the list.`,
    hint: "Run the command again; it goes on where it was.",
  });
}

function namespaceOf(entry: unknown): Namespace | undefined {
  const fields = fieldsOf(entry);
  const id = textOf(fields["id"]);
  const title = textOf(fields["title"]);
  return id === undefined || title === undefined ? undefined : { id, title };
}

function hasNumber(error: unknown, number: number): boolean {
  return error instanceof CloudflareError && error.cloudflareCode === number;
}
