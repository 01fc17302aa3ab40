import { parseNewStreams } from "../../../protocol/subscription/requests.ts";
import type { MembershipOutcome } from "../../subscriptions/operations.ts";
import { timed } from "../../timing.ts";
import { respondError } from "../responses.ts";
import { respondOutcome } from "./answers.ts";
import type { SubscriptionContext } from "./context.ts";
import { readFields } from "./fields.ts";

/** `POST .../streams`: links streams explicitly (section 6.4). */
export async function handleAddStreams(context: SubscriptionContext): Promise<Response> {
  const { name, subscription, timing } = context;
  const fields = await readFields(context);
  if (!fields.ok) return respondError(fields.error);
  const paths = parseNewStreams(fields.value);
  if (!paths.ok) return respondError(paths.error);
  const outcome = await timed(timing, "object", async (): Promise<MembershipOutcome> =>
    subscription.addStreams(name, paths.value),
  );
  return respondOutcome(outcome, name.id);
}

/** `DELETE .../streams/{path}`: takes an explicit link away; one by the pattern stays (section 6.4). */
export async function handleRemoveStream(
  { name, subscription, timing }: SubscriptionContext,
  path: string,
): Promise<Response> {
  const outcome = await timed(timing, "object", async (): Promise<MembershipOutcome> =>
    subscription.removeStream(name, path),
  );
  return respondOutcome(outcome, name.id);
}
