import { DurableObject } from "cloudflare:workers";
import type { DirectoryDO } from "../directory/directory-do.ts";
import type { StreamDO } from "../stream/stream-do.ts";
import type {
  AckOutcome,
  AckRequest,
  ClaimOutcome,
  ClaimRequest,
  CreateSubscription,
  CreateSubscriptionOutcome,
  DeleteSubscriptionOutcome,
  DescribeOutcome,
  MembershipOutcome,
  Notice,
  NoticeOutcome,
  ReleaseOutcome,
  SubscriptionName,
  WakeRequest,
} from "./operations.ts";

/** What a subscription's object needs of its environment. */
export interface SubscriptionEnv {
  STREAMS: DurableObjectNamespace<StreamDO>;
  DIRECTORY?: DurableObjectNamespace<DirectoryDO>;
}

/**
 * One subscription: its cursors and its wake (sections 6 and 7). Its object is named `project/id`.
 */
export class SubscriptionDO extends DurableObject<SubscriptionEnv> {
  create(_request: CreateSubscription): Promise<CreateSubscriptionOutcome> {
    throw new Error("not there yet");
  }

  /** Linked streams after the path `after`, at most `limit`. */
  describe(_after: string, _limit: number): Promise<DescribeOutcome> {
    throw new Error("not there yet");
  }

  delete(_name: SubscriptionName): Promise<DeleteSubscriptionOutcome> {
    throw new Error("not there yet");
  }

  addStreams(_name: SubscriptionName, _paths: readonly string[]): Promise<MembershipOutcome> {
    throw new Error("not there yet");
  }

  removeStream(_name: SubscriptionName, _path: string): Promise<MembershipOutcome> {
    throw new Error("not there yet");
  }

  claim(_request: ClaimRequest): Promise<ClaimOutcome> {
    throw new Error("not there yet");
  }

  /** Acks with the token of a claim: of a pull-wake (section 7.2). */
  ack(_request: AckRequest): Promise<AckOutcome> {
    throw new Error("not there yet");
  }

  /** Acks with the token of a webhook's wake (section 7.1). */
  callback(_request: AckRequest): Promise<AckOutcome> {
    throw new Error("not there yet");
  }

  release(_request: WakeRequest): Promise<ReleaseOutcome> {
    throw new Error("not there yet");
  }

  /** What a linked stream has to tell. Never fails because of what is told: whatever throws is told again. */
  notify(_notice: Notice): Promise<NoticeOutcome> {
    throw new Error("not there yet");
  }
}
