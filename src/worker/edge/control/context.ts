import type { WebhookRules } from "../../../protocol/subscription/webhook-url.ts";
import type { DirectoryDO } from "../../directory/directory-do.ts";
import type { Measurement } from "../../metrics/measurement.ts";
import type { StreamDO } from "../../stream/stream-do.ts";
import type { SubscriptionName } from "../../subscriptions/operations.ts";
import type { SubscriptionDO } from "../../subscriptions/subscription-do.ts";
import type { Timing } from "../../timing.ts";

/** A request to a project's control API (section 6) that was let in. */
export interface ControlContext {
  readonly request: Request;
  readonly url: URL;
  readonly project: string;
  /** Where the client finds the project's streams, without a slash at the end. */
  readonly root: string;
  readonly directory: DurableObjectStub<DirectoryDO>;
  readonly streams: DurableObjectNamespace<StreamDO>;
  readonly timing: Timing | null;
  readonly measurement: Measurement;
  /** Largest body, in bytes. Past it: 413 `BODY_TOO_LARGE`. */
  readonly bodyMaxBytes: number;
  /** Goes on with work after the answer. */
  readonly later: (work: Promise<unknown>) => void;
  /** The same about one subscription; throws where the Worker has none. */
  readonly about: (id: string) => SubscriptionContext;
}

/** The same about one subscription. */
export interface SubscriptionContext extends Omit<ControlContext, "about"> {
  readonly name: SubscriptionName;
  readonly subscription: DurableObjectStub<SubscriptionDO>;
  readonly webhooks: WebhookRules;
}
