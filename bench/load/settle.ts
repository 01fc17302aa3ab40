import type { Dispatcher } from "undici";
import type { Target } from "../types.ts";
import { expectStatus } from "./http.ts";

const SETTLED_WITHIN_MS = 60_000;
const POLL_MS = 20;

/** How much of a stream lies in segments, and whether there is nothing to seal. For our server only. */
export async function sealedMessages(client: Dispatcher, path: string): Promise<{ messages: number; isDone: boolean }> {
  const inspectPath = path.replace("/v1/stream/", "/v1/__ds/streams/default/inspect/");
  const { body } = await expectStatus(client, { method: "GET", path: inspectPath }, 200);
  const map = JSON.parse(body.toString()) as { segments: { messages: number }; sealing: { state: string } };
  return { messages: map.segments.messages, isDone: map.sealing.state === "idle" };
}

/**
 * Waits until the server has sealed what a burst left in the hot log. It does that after the burst, where it would take
 * the machine from the server that is measured next. Nobody is told when an object's alarm is done: it has to be asked for.
 *
 * @returns how many messages lie in segments.
 */
export async function untilSealed(client: Dispatcher, path: string): Promise<number> {
  const endsAt = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const { messages, isDone } = await sealedMessages(client, path);
    if (isDone) return messages;
    if (performance.now() > endsAt) throw new Error(`only ${messages} messages were sealed in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The same for whichever server is measured: the others have nothing that comes after. */
export async function settle(target: Target, client: Dispatcher, path: string): Promise<void> {
  if (target.name !== "limit" && target.name !== "ref") await untilSealed(client, path);
}
