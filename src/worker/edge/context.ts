import type { StreamDO } from "../stream/stream-do.ts";
import type { Timing } from "../timing.ts";

/** A request on a stream that passed routing and authorisation. */
export interface StreamContext {
  readonly request: Request;
  readonly url: URL;
  readonly object: DurableObjectStub<StreamDO>;
  readonly timing: Timing | null;
  /** Whether anybody may read every stream here, since nothing decides about reading. */
  readonly readsAreOpen: boolean;
}
