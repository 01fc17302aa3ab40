import type { Parsed } from "../../../protocol/result.ts";
import { parseFields, type Fields } from "../../../protocol/subscription/fields.ts";
import { timed } from "../../timing.ts";
import { readRequestBody } from "../body.ts";
import type { ControlContext } from "./context.ts";

/** Reads a request's body, whole and bounded, as one JSON object. */
export async function readFields({
  request,
  bodyMaxBytes,
  timing,
}: Pick<ControlContext, "request" | "bodyMaxBytes" | "timing">): Promise<Parsed<Fields>> {
  const body = await timed(timing, "body", () => readRequestBody(request, bodyMaxBytes));
  return body.ok ? parseFields(body.value) : body;
}
