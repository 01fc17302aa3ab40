import type { ContentKind } from "../../protocol/content-type.ts";
import { separatorBytes } from "../../protocol/messages.ts";
import type { Run } from "./runs.ts";

/** How much a part of a stream holds. */
export interface Amount {
  readonly messages: number;
  /** Of payload, with the separators between its messages. */
  readonly bytes: number;
}

/**
 * What a run adds to the `tally` of its stream: what positions do not count. For JSON that is the bytes of its messages
 * with a separator after each, so that tallies can be subtracted wherever one run ends and the next begins.
 */
export function runTally(kind: ContentKind, { payload, sizes }: Pick<Run, "payload" | "sizes">): number {
  return kind === "json" ? payload.byteLength + separatorBytes(kind) : sizes.length;
}

/** What lies between two points of a stream, by how far apart their positions and their tallies are. */
export function amountBetween(kind: ContentKind, positions: number, tally: number): Amount {
  if (kind !== "json") return { messages: tally, bytes: positions };
  return { messages: positions, bytes: Math.max(0, tally - separatorBytes(kind)) };
}
