import type { Operation as CountedOperation } from "../../../protocol/metrics.ts";
import type { Access } from "../authorization.ts";
import type { ControlContext, SubscriptionContext } from "./context.ts";
import type { ControlTarget } from "./control-route.ts";
import { handleListStreams } from "./list-streams.ts";
import { handleListSubscriptions } from "./list-subscriptions.ts";
import { handleAddStreams, handleRemoveStream } from "./membership.ts";
import { handleJwks, handleRotate } from "./signing-key.ts";
import { handleDeleteSubscription, handleGetSubscription, handlePutSubscription } from "./subscription.ts";
import { handleClaim, handleWake } from "./wake.ts";

/** How a method acts on what a URL stands for. */
interface ControlOperation {
  /** Who is asked whether it may be done: the Worker's authorisation, or whoever has the token of the wake; or nobody. */
  readonly asks: Access | "wake" | "nobody";
  readonly counted: CountedOperation;
  readonly handle: (context: ControlContext) => Promise<Response>;
}

/** What can be done with what a URL of the control API stands for, by HTTP's methods. */
export function operationsOf(to: ControlTarget): Readonly<Record<string, ControlOperation>> {
  switch (to.about) {
    case "streams":
      return { GET: { asks: "read", counted: "list", handle: handleListStreams } };
    case "jwks":
      return { GET: { asks: "nobody", counted: "keys", handle: handleJwks } };
    case "signing-key":
      return { POST: { asks: "mutation", counted: "keys", handle: handleRotate } };
    case "subscriptions":
      return { GET: { asks: "read", counted: "list", handle: handleListSubscriptions } };
    case "subscription":
      return {
        PUT: about(to.id, "mutation", handlePutSubscription),
        GET: about(to.id, "read", handleGetSubscription),
        DELETE: about(to.id, "mutation", handleDeleteSubscription),
      };
    case "membership":
      return { POST: about(to.id, "mutation", handleAddStreams) };
    case "member":
      return { DELETE: about(to.id, "mutation", (context) => handleRemoveStream(context, to.path)) };
    case "claim":
      return { POST: { ...about(to.id, "mutation", handleClaim), counted: "claim" } };
    case "wake":
      return { POST: { ...about(to.id, "wake", (context) => handleWake(context, to.action)), counted: to.action } };
  }
}

function about(
  id: string,
  asks: ControlOperation["asks"],
  handle: (context: SubscriptionContext) => Promise<Response>,
): ControlOperation {
  return { asks, counted: "subscription", handle: (context) => handle(context.about(id)) };
}
