import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { onTestFinished } from "vitest";
import type { StreamClient } from "./stream-client.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Sets variables of the Worker for its objects, and for an edge that is not given others, until the test is over. An object
 * reads them when it wakes up, so `stream`'s is put to sleep.
 */
export async function setObjectVariables(stream: StreamClient, variables: Variables): Promise<void> {
  const before = await assign(stream, variables);
  onTestFinished(async () => {
    await assign(stream, before);
  });
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
