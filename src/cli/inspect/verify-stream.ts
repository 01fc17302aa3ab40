import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { FIRST_OFFSET } from "../../protocol/offset.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { checkSegment } from "./check-segment.ts";
import type { Finding, Verification } from "./findings.ts";
import { inParallel } from "./in-parallel.ts";
import { findOrphans } from "./orphans.ts";

/** Segments in memory at a time: each is at most 16 MiB of payload or a row more. */
const FETCHES_MAX = 4;

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The stream that was being looked at is no longer the one at its URL. */
function replaced(stream: string): CommandFailure {
  return new CommandFailure({
    code: "STREAM_REPLACED",
    message: `${stream} was deleted and created again while it was verified.`,
    hint: "Run the command again to verify the new one.",
    exitCode: EXIT.conflict,
  });
}

/** The sealed rows that were there when the map was drawn; later ones are not part of this verification. */
async function* rowsOfMap(
  operator: OperatorClient,
  url: string,
  map: StreamMap,
  signal?: AbortSignal,
): AsyncGenerator<SegmentRow> {
  for await (const page of operator.segmentPages(url, {}, signal)) {
    if (page.incarnation !== map.incarnation) throw replaced(url);
    for (const row of page.segments) {
      if (row.start >= map.hot.start) return;
      yield row;
    }
  }
}

/** Follows the rows from the stream's own first offset to the hot log, and adds up what they hold. */
class Contiguity {
  readonly findings: Finding[] = [];
  segments = 0;
  messages = 0;
  bytes = 0;
  #end: string;

  constructor({ fork }: StreamMap) {
    this.#end = fork?.start ?? FIRST_OFFSET;
  }

  add(row: SegmentRow): void {
    const { number, key, start, end } = row;
    if (start !== this.#end) {
      const isGap = start > this.#end;
      this.findings.push({
        code: isGap ? "GAP" : "OVERLAP",
        number,
        key,
        message: `Segment ${String(number)} (${key}) begins at ${start}, and what is before it ends at ${this.#end}.`,
      });
    } else if (number !== this.segments) {
      const message = `Segment ${String(number)} (${key}) is the ${String(this.segments + 1)}. of the manifest; its number should be ${String(this.segments)}.`;
      this.findings.push({ code: "MANIFEST_MISMATCH", number, key, message });
    }
    this.segments++;
    this.messages += row.messages;
    this.bytes += row.bytes;
    if (end > this.#end) this.#end = end;
  }

  /** Where the segments end, the hot log begins, and the stream's own sums are theirs. */
  end({ hot, segments }: StreamMap): readonly Finding[] {
    if (this.#end !== hot.start) {
      const code = this.#end < hot.start ? "GAP" : "OVERLAP";
      const message = `The segments end at ${this.#end}, and the hot log begins at ${hot.start}.`;
      this.findings.push({ code, message });
    }
    const sums = [
      ["segments", this.segments, segments.count],
      ["messages", this.messages, segments.messages],
      ["bytes", this.bytes, segments.bytes],
    ] as const;
    for (const [what, is, said] of sums) {
      if (is === said) continue;
      const message = `The manifest's segments come to ${String(is)} ${what}, and the stream says ${String(said)}.`;
      this.findings.push({ code: "TOTALS_MISMATCH", message });
    }
    return this.findings;
  }
}

/**
 * Fetches and checks every segment of a stream, and that together they are the whole of its sealed history: nothing
 * missing, nothing twice, nothing in the bucket that no row of the manifest names. The stream may go on meanwhile: what is
 * sealed after the beginning is left out, and a stream that is replaced ends the verification with `STREAM_REPLACED`.
 */
export async function verifyStream(
  operator: OperatorClient,
  url: string,
  { signal, onProgress }: VerifyOptions = {},
): Promise<Verification> {
  const map = await operator.map(url, signal);
  const check = async (row: SegmentRow): Promise<readonly Finding[]> =>
    checkSegment(row, await operator.segmentObject(url, row.start, signal), map);
  const contiguity = new Contiguity(map);
  const findings: Finding[] = [];
  const checked = inParallel(rowsOfMap(operator, url, map, signal), FETCHES_MAX, async (row) => ({
    row,
    found: await check(row),
  }));
  for await (const { row, found } of checked) {
    contiguity.add(row);
    // A stream that was deleted or replaced looks damaged in every way; then this throws instead.
    if (found.length > 0) {
      await requireUnreplaced(operator, url, map, signal);
      findings.push(...found);
    }
    onProgress?.(contiguity.segments, map.segments.count);
  }
  const orphans = await findOrphans(operator, url, signal);
  findings.push(...contiguity.end(map), ...orphans);
  if (findings.length > 0) await requireUnreplaced(operator, url, map, signal);
  const { segments, messages, bytes } = contiguity;
  const ancestors = map.fork === undefined ? {} : { inheritedFrom: map.fork.inherited.map(({ stream: name }) => name) };
  return { ok: findings.length === 0, segments, messages, bytes, findings, ...ancestors };
}

async function requireUnreplaced(
  operator: OperatorClient,
  url: string,
  map: StreamMap,
  signal?: AbortSignal,
): Promise<void> {
  const { incarnation } = await operator.map(url, signal);
  if (incarnation !== map.incarnation) throw replaced(url);
}
