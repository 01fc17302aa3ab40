import { parseAckFields, parseWakeFields, parseWorker } from "../../../protocol/subscription/requests.ts";
import { respondRefusal } from "../../auth/refusals.ts";
import type { AckOutcome, ClaimOutcome, ReleaseOutcome } from "../../subscriptions/operations.ts";
import { timed } from "../../timing.ts";
import { respondError } from "../responses.ts";
import { respondOutcome } from "./answers.ts";
import type { SubscriptionContext } from "./context.ts";
import type { WakeAction } from "./control-route.ts";
import { readFields } from "./fields.ts";
import { NO_WAKE_TOKEN, wakeBearer } from "./wake-bearer.ts";

/** `POST .../claim`: a worker asks for the lease (section 7.2). */
export async function handleClaim(context: SubscriptionContext): Promise<Response> {
  const { name, subscription, timing } = context;
  const fields = await readFields(context);
  if (!fields.ok) return respondError(fields.error);
  const worker = parseWorker(fields.value);
  if (!worker.ok) return respondError(worker.error);
  const outcome = await timed(timing, "object", async (): Promise<ClaimOutcome> =>
    subscription.claim({ ...name, worker: worker.value }),
  );
  return respondOutcome(outcome, name.id);
}

/** `POST .../callback`, `.../ack` and `.../release`, with the token of the wake that they are about (section 7.3). */
export async function handleWake(context: SubscriptionContext, action: WakeAction): Promise<Response> {
  const token = wakeBearer(context.request, context.name);
  if (token === undefined) return respondRefusal(NO_WAKE_TOKEN);
  return action === "release" ? handleRelease(context, token) : handleAck(context, action, token);
}

async function handleAck(
  context: SubscriptionContext,
  action: Exclude<WakeAction, "release">,
  token: string,
): Promise<Response> {
  const { name, subscription, timing } = context;
  const fields = await readFields(context);
  if (!fields.ok) return respondError(fields.error);
  const ack = parseAckFields(fields.value);
  if (!ack.ok) return respondError(ack.error);
  const request = { ...name, token, ...ack.value };
  const outcome = await timed(timing, "object", async (): Promise<AckOutcome> =>
    action === "callback" ? subscription.callback(request) : subscription.ack(request),
  );
  return respondOutcome(outcome, name.id);
}

async function handleRelease(context: SubscriptionContext, token: string): Promise<Response> {
  const { name, subscription, timing } = context;
  const fields = await readFields(context);
  if (!fields.ok) return respondError(fields.error);
  const wake = parseWakeFields(fields.value);
  if (!wake.ok) return respondError(wake.error);
  const outcome = await timed(timing, "object", async (): Promise<ReleaseOutcome> =>
    subscription.release({ ...name, token, ...wake.value }),
  );
  return respondOutcome(outcome, name.id);
}
