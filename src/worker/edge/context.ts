import type { StreamDO } from "../stream/stream-do.ts";
import type { Timing } from "../timing.ts";

/** A request on a stream that passed routing and authorisation. */
export interface StreamContext {
  readonly request: Request;
  readonly url: URL;
  readonly object: DurableObjectStub<StreamDO>;
  readonly timing: Timing | null;
}
