import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import type { StreamClient } from "../../client/stream-client.ts";
import { readSegment } from "../../protocol/segment/segment.ts";
import { viewSources } from "../reading/view-sources.ts";
import { checkSegment } from "./check-segment.ts";

/** What the view of a stream's segments needs. The stream is asked for its map at once: what fails then is told at once. */
export async function inspectionOf(client: StreamClient, name: string, url: string, signal: AbortSignal) {
  const { operator } = client;
  return {
    operator,
    name,
    url,
    map: await operator.map(url, signal),
    async fetchChecked(row: SegmentRow, map: StreamMap, until: AbortSignal) {
      const object = await operator.segmentObject(url, row.start, until);
      // Which one it is stands beside it, and a key takes a whole row.
      const subject = `Segment ${String(row.number)} (${row.key})`;
      const findings = (await checkSegment(row, object, map)).map(({ message }) => message.replace(subject, "It"));
      const reading = object.kind === "object" ? await readSegment(object.bytes) : undefined;
      return { findings, segment: reading?.kind === "segment" ? reading.segment : undefined };
    },
    sourcesFrom: (offset: string, until: AbortSignal) =>
      viewSources(client, [{ name, url }], { at: "offset", offset }, until),
  };
}
