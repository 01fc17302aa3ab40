import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { NEVER } from "../../../../src/protocol/expiry.ts";
import type { DirectoryDO } from "../../../../src/worker/directory/directory-do.ts";
import type { ListedSubscription, Registration, SubscriptionRef } from "../../../../src/worker/directory/operations.ts";

export type Directory = DurableObjectStub<DirectoryDO>;

let made = 0;

/** The name of a project that no other test has. */
export function freshProject(): string {
  return `p${String(++made)}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The directory of a project. A new stub each time: one that saw its object fail, or go, stays broken. */
export function directoryOf(project: string): Directory {
  return env.DIRECTORY.getByName(project);
}

/** Runs something beside the directory in its own object. */
export function inDirectory<R>(
  directory: Directory,
  run: (instance: DirectoryDO, storage: DurableObjectStorage) => R | Promise<R>,
): Promise<R> {
  return runInDurableObject(directory, (instance, { storage }) => run(instance as unknown as DirectoryDO, storage));
}

export function registration(path: string, fields: Partial<Registration> = {}): Registration {
  return {
    path,
    incarnation: crypto.randomUUID(),
    contentType: "application/json",
    public: false,
    createdAtMs: Date.now(),
    expiry: NEVER,
    ...fields,
  };
}

/** Registers streams of these paths, all at once. */
export async function registerAll(directory: Directory, paths: readonly string[]): Promise<void> {
  await inDirectory(directory, (instance) => Promise.all(paths.map((path) => instance.register(registration(path)))));
}

export function listed(id: string, fields: Partial<ListedSubscription> = {}): ListedSubscription {
  return {
    id,
    incarnation: crypto.randomUUID(),
    type: "pull-wake",
    pattern: undefined,
    wakeStream: undefined,
    createdAtMs: 1,
    ...fields,
  };
}

/** Puts a subscription into the list that must find room there. */
export async function subscribe(
  directory: Directory,
  id: string,
  fields: Partial<ListedSubscription> = {},
): Promise<SubscriptionRef> {
  const subscription = listed(id, fields);
  const outcome = await directory.putSubscription(subscription);
  if (outcome.kind !== "done")
    throw new Error(`the subscription was not put into the list: ${JSON.stringify(outcome)}`);
  return { id, incarnation: subscription.incarnation };
}

/** The ids of the subscriptions that a stream of this path is linked to when it is registered. */
export async function linkedIds(directory: Directory, path: string): Promise<string[]> {
  const { links } = await directory.register(registration(path));
  return links.map(({ id }) => id);
}

/** All paths of a list, page by page. */
export async function pagedPaths(directory: Directory, prefix: string, limit: number): Promise<string[]> {
  const paths: string[] = [];
  for (;;) {
    const { streams, more } = await directory.streams(prefix, paths.at(-1) ?? "", limit);
    paths.push(...streams.map(({ path }) => path));
    if (!more) return paths;
    if (streams.length !== limit) throw new Error("a page that is not the last is not full");
  }
}

/** Paths in the order of their bytes in UTF-8, which is not that of JavaScript. */
export function sorted(paths: readonly string[]): string[] {
  const encoder = new TextEncoder();
  return paths
    .map((path) => ({ path, bytes: encoder.encode(path) }))
    .sort((left, right) => compareBytes(left.bytes, right.bytes))
    .map(({ path }) => path);
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const differs = left.findIndex((byte, i) => byte !== right[i]);
  return differs === -1 ? left.byteLength - right.byteLength : (left[differs] ?? 0) - (right[differs] ?? -1);
}
