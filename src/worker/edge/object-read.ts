import type { MessagesOutcome, Unread } from "./read-response.ts";

/** What asking the stream's object came to. */
export type ObjectRead =
  | { readonly kind: "unread"; readonly outcome: Unread }
  | {
      readonly kind: "messages";
      readonly outcome: MessagesOutcome;
      /** Fetches what lies elsewhere; throws a `SegmentFault`. What it answers has not been looked at. */
      readonly messages: () => Promise<Response>;
      /** Lets go of the messages instead. */
      readonly cancel: () => Promise<void>;
    }
  | { readonly kind: "attached"; readonly outcome: MessagesOutcome; readonly socket: WebSocket };
