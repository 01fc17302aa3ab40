import { protocolError } from "../../../protocol/errors.ts";
import { looksLikeWakeToken } from "../../../protocol/subscription/wake-token-claims.ts";
import type { SubscriptionName } from "../../subscriptions/operations.ts";

const BEARER = /^Bearer +([^\s]+) *$/i;

/** The answer to whatever cannot be the token of a wake of a subscription. */
export const NO_WAKE_TOKEN = protocolError(
  "TOKEN_INVALID",
  "This needs the token that came with the wake or the claim, in the header Authorization behind Bearer.",
);

/**
 * The token of a request that is about a wake, unverified; `undefined` when it is none of this subscription, so that its
 * object need not be woken to say so. No project's token does instead (section 7.1).
 */
export function wakeBearer({ headers }: Request, { project, id }: SubscriptionName): string | undefined {
  const token = BEARER.exec(headers.get("Authorization") ?? "")?.[1];
  return token !== undefined && looksLikeWakeToken(token, project, id) ? token : undefined;
}
