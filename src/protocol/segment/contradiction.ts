import { contentKind } from "../content-type.ts";
import { separatorBytes } from "../messages.ts";
import type { SegmentCounts } from "./footer.ts";
import type { SegmentIndex } from "./segment-index.ts";

const COMMA = 0x2c;
/** The latest time that a `Date` can hold. */
const TIME_MAX_MS = 8_640_000_000_000_000;

/** What the messages of a segment are told apart by, and where they are. */
type Divided = Pick<SegmentIndex, "contentType" | "sizes" | "runs"> & { readonly payload: Uint8Array };

/** How footer, index and payload of a segment contradict each other, as only a wrong writer makes them. */
export function contradiction(
  footer: SegmentCounts,
  { contentType, sizes, runs, payload }: Divided,
): string | undefined {
  const kind = contentKind(contentType);
  const separators = separatorBytes(kind) * Math.max(0, sizes.length - 1);
  const sum = sizes.reduce((total, size) => total + size, separators);
  if (sum !== footer.payloadBytes) {
    return `its messages come to ${String(sum)} bytes, and its payload has ${String(footer.payloadBytes)}`;
  }
  const inRuns = runs.reduce((total, run) => total + run.messages, 0);
  if (inRuns !== footer.messages) {
    return `its runs come to ${String(inRuns)} messages, and it has ${String(footer.messages)}`;
  }
  const positions = kind === "json" ? footer.messages : footer.payloadBytes;
  if (footer.end - footer.start !== positions) {
    return `it goes from ${String(footer.start)} to ${String(footer.end)}, and holds ${String(positions)} positions`;
  }
  return badRun(runs) ?? (kind === "json" ? missingComma(sizes, payload) : undefined);
}

function badRun(runs: SegmentIndex["runs"]): string | undefined {
  for (const [i, { messages, appendedAtMs }] of runs.entries()) {
    if (messages === 0) return `its run ${String(i)} has no messages`;
    if (appendedAtMs < 0 || appendedAtMs > TIME_MAX_MS || !Number.isInteger(appendedAtMs)) {
      return `its run ${String(i)} was appended ${String(appendedAtMs)} ms after 1970, which is no time`;
    }
  }
  return undefined;
}

/** Sizes that come to the right sum may still divide a payload in the wrong places. */
function missingComma(sizes: readonly number[], payload: Uint8Array): string | undefined {
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    at += size;
    if (at < payload.byteLength && payload[at] !== COMMA) return `no comma follows its message ${String(i)}`;
    at++;
  }
  return undefined;
}
