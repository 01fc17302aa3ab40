import type { Parsed } from "../../protocol/result.ts";
import type { SubscriptionRef } from "../directory/operations.ts";
import type { ForkReference } from "../storage/fork-rows.ts";
import type { ForkGrant, GrantRequest } from "./fork.ts";
import type { AppendOutcome, AppendRequest, LinkOutcome } from "./operations.ts";

/** What a stream's object does for the other objects of the project: forks of it, and subscriptions. */
export interface StreamPeer extends Rpc.DurableObjectBranded {
  grantFork(request: GrantRequest): Parsed<ForkGrant>;
  releaseFork(reference: ForkReference): void;
  append(request: AppendRequest): Promise<AppendOutcome>;
  link(subscription: SubscriptionRef): Promise<LinkOutcome>;
  position(): LinkOutcome;
}
