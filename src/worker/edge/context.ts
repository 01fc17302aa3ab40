import type { StreamDO } from "../stream/stream-do.ts";
import type { SegmentReader } from "../segments/read-slice.ts";
import type { RequestLimits } from "./project-settings.ts";
import type { Measurement } from "../metrics/measurement.ts";
import type { Timing } from "../timing.ts";

/** A request on a stream that passed routing and authorisation. */
export interface StreamContext {
  readonly request: Request;
  readonly url: URL;
  /** `project/path`. */
  readonly name: string;
  readonly object: DurableObjectStub<StreamDO>;
  /** Where other streams are found: a fork reads from those that it inherits from. */
  readonly streams: DurableObjectNamespace<StreamDO>;
  /** Where sealed history is read from. */
  readonly segments: SegmentReader;
  readonly timing: Timing | null;
  /** Is told what the request does, to be counted. */
  readonly measurement: Measurement;
  readonly limits: RequestLimits;
  /** Decides whether the request may read another stream too; `undefined` when it may. */
  readonly refuseRead: (url: URL, name: string) => Promise<Response | undefined>;
  /** Whether anybody may read every stream here, since nothing decides about reading. */
  readonly readsAreOpen: boolean;
  /** The refusal of a read that is answered all the same if the stream turns out to be public. */
  readonly unlessPublic?: Response;
  /** Asks the authorisation of a read that goes on again; the refusal when it has changed its mind. */
  readonly recheck?: (isPublic: boolean) => Promise<Response | undefined>;
}
