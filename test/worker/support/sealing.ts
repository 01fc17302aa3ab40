import { runDurableObjectAlarm } from "cloudflare:test";
import type { InspectedStream } from "../../../src/worker/stream/inspect.ts";
import { encodeHex } from "../../../src/protocol/hex.ts";
import { sha256 } from "../../../src/protocol/segment/blocks.ts";
import { keysOf } from "./bucket.ts";
import { createStream, ORIGIN, type StreamClient, type StreamOptions } from "./stream-client.ts";

/** What operators see of a stream that has to be there. */
export async function inspect(stream: StreamClient): Promise<InspectedStream> {
  const inspected = await stream.object.inspect();
  if (inspected === undefined) throw new Error(`there is no stream ${stream.name}`);
  return inspected;
}

/** Runs the object's alarm until nothing is left to seal. Between two rounds of sealing it rests for milliseconds. */
export async function sealAll(stream: StreamClient): Promise<InspectedStream> {
  for (;;) {
    await runDurableObjectAlarm(stream.object);
    const inspected = await inspect(stream);
    if (inspected.sealing.state === "idle" || inspected.sealing.state === "retrying") return inspected;
  }
}

/** A JSON stream of the numbers from 0 on, appended one by one, with everything sealed that is to be. */
export async function createSealed(messages: number, options: StreamOptions = {}): Promise<StreamClient> {
  const stream = await createStream(options);
  for (let i = 0; i < messages; i++) await stream.append(String(i));
  await sealAll(stream);
  return stream;
}

/** The keys of a stream's segments, in order. */
export async function segmentKeys(stream: StreamClient): Promise<string[]> {
  const { incarnation } = await inspect(stream);
  return keysOf(`segments/default/${encodeURIComponent(stream.name)}/${incarnation}/`);
}

/** Where the data centre's cache keeps a block: under its segment's key, its number and the checksum of what it has to be. */
export async function cachedBlockUrl(key: string, block: number, right: Uint8Array): Promise<string> {
  const name = `${key} ${String(block)} ${encodeHex(await sha256(right))}`;
  return `${ORIGIN}/v1/__ds/blocks/${encodeURIComponent(name)}`;
}
