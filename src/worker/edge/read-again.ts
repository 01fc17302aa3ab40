import { SegmentFault } from "../segments/segment-fault.ts";

/**
 * Reads, and once more when history was not where the object said: a stream that ended in between has none any more, and
 * asked again the object says so.
 */
export async function readAgainIfGone<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SegmentFault && error.code === "SEGMENT_MISSING") return read();
    throw error;
  }
}
