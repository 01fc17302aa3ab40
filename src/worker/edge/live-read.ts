import type { OffsetQuery } from "../../protocol/offset.ts";
import { wholeChunk } from "../storage/chunk.ts";
import type { StreamContext } from "./context.ts";
import { LiveBridge } from "./live-bridge.ts";
import { readObject } from "./read-object.ts";
import type { MessagesOutcome, Unread } from "./read-response.ts";

/** What the object answered to a reader that is willing to wait. */
export type LiveRead =
  | { readonly kind: "unread"; readonly outcome: Unread }
  /** There is something to tell already. */
  | { readonly kind: "messages"; readonly outcome: MessagesOutcome; readonly body: Response }
  /** The reader stands at the tail, or gets there by the first event, and the object keeps it in mind. */
  | { readonly kind: "attached"; readonly outcome: MessagesOutcome; readonly bridge: LiveBridge };

/** Asks the object for what follows `from`, and to be kept in mind where nothing does. */
export async function liveRead(
  context: StreamContext,
  from: OffsetQuery,
  wait: "long-poll" | "sse",
  maxBytes: number,
): Promise<LiveRead> {
  const read = await readObject(
    context,
    { from, limits: wholeChunk(maxBytes), wait, readersMax: context.limits.readersMax },
    wait === "sse" ? "payload" : "answer",
  );
  switch (read.kind) {
    case "unread":
      return read;
    case "messages":
      return { kind: "messages", outcome: read.outcome, body: await read.messages() };
    case "attached":
      // Taken over at once: until then nothing bounds or closes the socket.
      return { kind: "attached", outcome: read.outcome, bridge: new LiveBridge(read.socket, read.outcome.start) };
  }
}
