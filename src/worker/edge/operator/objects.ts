import { segmentPrefix } from "../../../protocol/segment/key.ts";
import { withinTime } from "../../segments/within-time.ts";
import { timed } from "../../timing.ts";
import type { StreamContext } from "../context.ts";
import { PATIENCE_MS, respondBucketFailure, respondJson, respondNoStream } from "./answers.ts";

/** `objects`: what the bucket holds of the stream, page by page, whatever the manifest says. */
export async function respondObjects({ object, url, segments, timing }: StreamContext): Promise<Response> {
  const listing = await timed(timing, "object", async () => object.listSegments(0, 1));
  if (listing === undefined) return respondNoStream();
  const prefix = await segmentPrefix(listing.name, listing.incarnation);
  const cursor = url.searchParams.get("cursor");
  try {
    const page = await withinTime(
      PATIENCE_MS,
      segments.bucket.list({ prefix, ...(cursor === null ? {} : { cursor }) }),
    );
    const objects = page.objects.map(({ key, size, uploaded }) => ({
      key,
      bytes: size,
      uploadedAtMs: uploaded.getTime(),
    }));
    return respondJson({ prefix, objects, cursor: page.truncated ? page.cursor : null });
  } catch (error) {
    return respondBucketFailure(error);
  }
}
