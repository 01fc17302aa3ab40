import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondBucketFailure, respondJson } from "./answers.ts";

/** `sweep`: removes the objects of a name that no manifest names, whether there is a stream or not, and tells their keys. */
export async function respondSweep({ object, name, timing }: StreamContext): Promise<Response> {
  try {
    const removed = await timed(timing, "object", async () => object.sweep(name));
    return respondJson({ removed });
  } catch (error) {
    return respondBucketFailure(error);
  }
}
