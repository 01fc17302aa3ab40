import type { CloudflareApi } from "./api.ts";
import { CloudflareError, isNotFound } from "./cloudflare-error.ts";
import { fieldsOf, listOf, textOf } from "./fields.ts";
import { scriptPath } from "./worker-versions.ts";

const SCRIPTS = "Workers Scripts: Edit";
const R2 = "Workers R2 Storage: Edit";
const KV = "Workers KV Storage: Edit";
const NOT_EMPTY = 10008;
const LISTED_AT_ONCE = 1000;
const DELETED_AT_ONCE = 8;
/** A Worker that was just removed may still put an object or two. */
const BUCKET_TRIES = 5;
/** The list may be older than what was removed, but not for ever. */
const EMPTY_ROUNDS = 5;

/** Whether there is a Worker of this name, deployed or not. */
export async function workerExists(api: CloudflareApi, accountId: string, name: string): Promise<boolean> {
  const path = `${scriptPath(accountId, name)}/script-settings`;
  return exists(api.get({ path, doing: `Looking for the Worker "${name}"`, permission: SCRIPTS }));
}

/** Removes a Worker with its Durable Objects and all that is in them. One that is gone is as good. */
export async function deleteWorker(api: CloudflareApi, accountId: string, name: string): Promise<void> {
  const path = `${scriptPath(accountId, name)}?force=true`;
  await exists(api.delete({ path, doing: `Removing the Worker "${name}"`, permission: SCRIPTS }));
}

/** Removes a KV namespace with its values. One that is gone is as good. */
export async function deleteNamespace(api: CloudflareApi, accountId: string, id: string): Promise<void> {
  const path = `/accounts/${accountId}/storage/kv/namespaces/${encodeURIComponent(id)}`;
  await exists(api.delete({ path, doing: `Removing the KV namespace ${id}`, permission: KV }));
}

/** Throws if an object among the first of a bucket has a key that begins otherwise: somebody else keeps things there too. */
export async function requireOwnObjects(
  api: CloudflareApi,
  accountId: string,
  { name, prefix }: OwnBucket,
): Promise<void> {
  requireOwn(await someKeys(api, bucketPath(accountId, name), name), { name, prefix });
}

/** A bucket to remove, and what the keys of all objects in it have to begin with. */
interface OwnBucket {
  readonly name: string;
  readonly prefix: string;
}

/**
 * Removes a bucket with all its objects, and answers how many those were. One that is gone is as good. At the first failure
 * it ends, and says how many objects remain; what it removed stays removed. Objects with another prefix are left alone, and
 * then the bucket is.
 */
export async function deleteBucket(
  api: CloudflareApi,
  accountId: string,
  { name, prefix }: OwnBucket,
  onProgress: (objects: number) => void,
): Promise<number> {
  const path = bucketPath(accountId, name);
  let objects = 0;
  let emptyRounds = 0;
  for (let tried = 1; ; tried++) {
    for (let keys = await someKeys(api, path, name); keys.length > 0; keys = await someKeys(api, path, name)) {
      requireOwn(keys, { name, prefix });
      const { removed, failure } = await deleteObjects(api, path, keys);
      objects += removed;
      emptyRounds = removed > 0 || failure !== undefined ? 0 : emptyRounds + 1;
      if (emptyRounds === EMPTY_ROUNDS) throw stillListed(name, keys);
      if (failure !== undefined) throw withWhatRemains(failure, objects, keys.length - removed);
      onProgress(objects);
    }
    try {
      await exists(api.delete({ path, doing: `Removing the R2 bucket "${name}"`, permission: R2 }));
      return objects;
    } catch (error) {
      const isFilled = error instanceof CloudflareError && error.cloudflareCode === NOT_EMPTY;
      if (!isFilled || tried === BUCKET_TRIES) throw error;
    }
  }
}

function bucketPath(accountId: string, name: string): string {
  return `/accounts/${accountId}/r2/buckets/${encodeURIComponent(name)}`;
}

/** The first keys of a bucket; none where there is no such bucket. */
async function someKeys(api: CloudflareApi, bucket: string, name: string): Promise<readonly string[]> {
  try {
    const path = `${bucket}/objects?per_page=${String(LISTED_AT_ONCE)}`;
    const result = await api.get({ path, doing: `Listing the objects of the R2 bucket "${name}"`, permission: R2 });
    return listOf(result).flatMap((entry) => textOf(fieldsOf(entry)["key"]) ?? []);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

function requireOwn(keys: readonly string[], { name, prefix }: OwnBucket): void {
  const other = keys.find((key) => !key.startsWith(prefix));
  if (other === undefined) return;
  throw new CloudflareError({
    kind: "conflict",
    code: "BUCKET_SHARED",
    message: `The R2 bucket "${name}" holds objects that durable-streams has not put there, such as ${JSON.stringify(other)}, so it is not removed.`,
    hint: "Check the bucket in the project file. Remove what else is in it first, or leave the data by --keep-data.",
  });
}

interface Deleted {
  readonly removed: number;
  /** The first; with it the removal ended. */
  readonly failure: { readonly reason: unknown } | undefined;
}

async function deleteObjects(api: CloudflareApi, bucket: string, keys: readonly string[]): Promise<Deleted> {
  const left = keys.values();
  let removed = 0;
  let failure: Deleted["failure"];
  const worker = async (): Promise<void> => {
    while (failure === undefined) {
      const { value: key, done } = left.next();
      if (done === true) return;
      try {
        const path = `${bucket}/objects/${encodeURIComponent(key)}`;
        if (await exists(api.delete({ path, doing: `Removing the object ${key}`, permission: R2 }))) removed += 1;
      } catch (reason) {
        failure ??= { reason };
      }
    }
  };
  await Promise.all(Array.from({ length: DELETED_AT_ONCE }, worker));
  return { removed, failure };
}

function stillListed(name: string, [first = ""]: readonly string[]): CloudflareError {
  return new CloudflareError({
    kind: "unavailable",
    code: "BUCKET_LIST_STALE",
    message: `The R2 bucket "${name}" still lists ${JSON.stringify(first)}, and Cloudflare answers that there is no such object.`,
    hint: "Run the command again in a while; it goes on where it was. If it stays so, empty the bucket in Cloudflare's dashboard.",
  });
}

/** What is no failure of Cloudflare's, as an interruption, stays as it is. */
function withWhatRemains({ reason }: { readonly reason: unknown }, removed: number, left: number): unknown {
  if (!(reason instanceof CloudflareError)) return reason;
  // The list is of so many at most, and does not tell how many there are behind them.
  const remaining = `${left + removed >= LISTED_AT_ONCE ? "at least " : ""}${String(left)} remain`;
  const { kind, code, message, hint, status, cloudflareCode } = reason;
  return new CloudflareError(
    {
      kind,
      code,
      message: `${message} Of the objects ${String(removed)} are removed, and ${remaining}; running it again goes on there.`,
      hint,
      status,
      cloudflareCode,
    },
    { cause: reason },
  );
}

async function exists(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
