import { NO_STORE } from "../../protocol/cache-policy.ts";
import type { DeleteOutcome } from "../stream/operations.ts";
import type { StreamContext } from "./context.ts";
import { respond, respondAbsence } from "./responses.ts";
import { timed } from "../timing.ts";

/** `DELETE`: removes a stream and everything stored of it (section 5.4). */
export async function handleDelete(context: StreamContext): Promise<Response> {
  const outcome = await timed(context.timing, "object", async (): Promise<DeleteOutcome> => context.object.delete());
  switch (outcome.kind) {
    case "deleted":
      return respond(204, { "Cache-Control": NO_STORE });
    case "not-found":
    case "gone":
      return respondAbsence(outcome, "there is nothing to delete");
  }
}
