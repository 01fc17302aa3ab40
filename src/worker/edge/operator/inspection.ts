import { ownStart, type ForkOrigin } from "../../../protocol/fork.ts";
import { formatOffset } from "../../../protocol/offset.ts";
import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { respondJson, respondNoStream } from "./answers.ts";

/** `inspect`: the map of a stream. */
export async function respondInspection({ object, timing }: StreamContext): Promise<Response> {
  const inspected = await timed(timing, "object", async () => object.inspect());
  if (inspected === undefined) return respondNoStream();
  const { name, tail, total, hot, fork, ...rest } = inspected;
  return respondJson({
    stream: name,
    ...rest,
    ...total,
    tail: formatOffset(tail),
    hot: { ...hot, start: formatOffset(hot.start) },
    ...(fork === undefined ? {} : { fork: shownOrigin(fork) }),
  });
}

function shownOrigin(fork: ForkOrigin): object {
  return {
    source: fork.source,
    offset: formatOffset(fork.offset),
    subOffset: fork.subOffset,
    start: formatOffset(ownStart(fork)),
    inherited: fork.inherited.map((stretch) => ({ ...stretch, until: formatOffset(stretch.until) })),
  };
}
