import { formatOffset } from "../../../protocol/offset.ts";
import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondJson, respondNoStream } from "./answers.ts";

/** `inspect`: the map of a stream. */
export async function respondInspection({ object, timing }: StreamContext): Promise<Response> {
  const inspected = await timed(timing, "object", async () => object.inspect());
  if (inspected === undefined) return respondNoStream();
  const { name, tail, total, hot, ...rest } = inspected;
  return respondJson({
    stream: name,
    ...rest,
    ...total,
    tail: formatOffset(tail),
    hot: { ...hot, start: formatOffset(hot.start) },
  });
}
