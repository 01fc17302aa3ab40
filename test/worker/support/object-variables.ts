import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { StreamClient } from "./stream-client.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Sets variables of the Worker for its objects, and for an edge that is not given others. An object reads them when it
 * wakes up, so `stream`'s is put to sleep. The result brings back what was there.
 */
export async function setObjectVariables(stream: StreamClient, variables: Variables): Promise<AsyncDisposable> {
  const before = await assign(stream, variables);
  return {
    [Symbol.asyncDispose]: async () => {
      await assign(stream, before);
    },
  };
}

async function assign(stream: StreamClient, variables: Variables): Promise<Variables> {
  const before = await runInDurableObject(stream.object, (instance) => {
    const { env } = instance as unknown as { readonly env: Record<string, string | undefined> };
    const replaced = Object.fromEntries(Object.keys(variables).map((name) => [name, env[name]]));
    Object.assign(env, variables);
    return replaced;
  });
  await evictDurableObject(stream.object);
  return before;
}
