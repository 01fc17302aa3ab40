import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StoredObject } from "../../client/operator-types.ts";
import { formatOffset } from "../../protocol/offset.ts";
import type { Finding } from "./findings.ts";
import { humanBytes } from "../../client/figures.ts";

const SEGMENT_NAME = /\/(\d{16})-\d{16}\.[0-9a-f]{8}\.seg$/;

/** The offset that an object's key says it begins with. */
function startOf(key: string): string | undefined {
  const position = SEGMENT_NAME.exec(key)?.[1];
  return position === undefined ? undefined : formatOffset(Number(position));
}

/**
 * The manifest, walked along with a listing: both are sorted by offset, so each is read once. Out of order it only finds
 * less, and every object that it does not find is asked for by itself.
 */
class ManifestWalk {
  readonly #rows: AsyncIterator<SegmentRow>;
  #row: SegmentRow | undefined;

  constructor(rows: AsyncIterator<SegmentRow>) {
    this.#rows = rows;
  }

  async has({ key }: StoredObject, start: string): Promise<boolean> {
    while (this.#row === undefined || this.#row.start < start) {
      const next = await this.#rows.next();
      if (next.done === true) return false;
      this.#row = next.value;
    }
    return this.#row.key === key;
  }

  /** Lets go of the page under way. */
  async end(): Promise<void> {
    await this.#rows.return?.();
  }
}

async function* rowsOf(operator: OperatorClient, stream: string, signal?: AbortSignal): AsyncGenerator<SegmentRow> {
  for await (const { segments } of operator.segmentPages(stream, {}, signal)) yield* segments;
}

/**
 * Objects that the bucket holds for a stream and no row of its manifest names. A segment that is sealed meanwhile appears
 * in the listing and is in the manifest by then, so each suspicion is settled by asking for that one row again.
 */
export async function findOrphans(
  operator: OperatorClient,
  stream: string,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const walk = new ManifestWalk(rowsOf(operator, stream, signal));
  try {
    for await (const objects of operator.objectPages(stream, signal)) {
      for (const object of objects) {
        const start = startOf(object.key);
        if (start !== undefined) {
          if (await walk.has(object, start)) continue;
          if ((await operator.segmentAt(stream, start, signal))?.key === object.key) continue;
        }
        const message = `The object ${object.key} (${humanBytes(object.bytes)}) is in no row of the manifest.`;
        findings.push({ code: "ORPHAN_OBJECT", key: object.key, message });
      }
    }
  } finally {
    await walk.end();
  }
  return findings;
}
