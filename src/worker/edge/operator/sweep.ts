import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondBucketFailure, respondJson, respondNoStream } from "./answers.ts";

/** `sweep`: removes the objects of the stream that its manifest does not name, and tells their keys. */
export async function respondSweep({ object, timing }: StreamContext): Promise<Response> {
  try {
    const removed = await timed(timing, "object", async () => object.sweep());
    return removed === undefined ? respondNoStream() : respondJson({ removed });
  } catch (error) {
    return respondBucketFailure(error);
  }
}
