import type { StreamClient } from "../../../client/stream-client.ts";
import type { Position } from "../../../protocol/offset.ts";
import type { DataOutput } from "../../reading/data-output.ts";
import type { EncoderState, ExportEncoder, ExportFormat, ExportSource } from "./encoder.ts";
import { ndjsonEncoder, rawEncoder } from "./line-encoder.ts";
import { StreamRows, type StreamRowsOptions } from "./stream-rows.ts";

/** How far an export is. */
export interface ExportCounts {
  readonly rows: number;
  /** Written. */
  readonly bytes: number;
  readonly position: Position;
  /** Where it will end; `undefined` where that cannot be told. */
  readonly end: Position | undefined;
}

export interface ExportOptions {
  readonly to: ExportFormat;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((counts: ExportCounts) => void) | undefined;
}

/** What an export came to. */
export interface ExportSummary {
  readonly contentType: string;
  /** Messages, lines of text, or blocks of bytes; of `raw` bytes, pieces as they came. */
  readonly rows: number;
  readonly bytes: number;
  /** Where a read goes on after the export. */
  readonly nextOffset: string | undefined;
}

/** Where an interrupted encoder goes on. */
interface Resumed {
  readonly state: EncoderState;
  readonly bytes: number;
}

export async function makeEncoder(to: ExportFormat, source: ExportSource, resumed?: Resumed): Promise<ExportEncoder> {
  if (to === "ndjson") return ndjsonEncoder(source);
  if (to === "raw") return rawEncoder(source);
  // The library is loaded by those who ask for it.
  const { ParquetEncoder } = await import("./parquet-encoder.ts");
  return new ParquetEncoder(source, resumed);
}

/** Opens a stream for an export of this form. `raw` copies bytes, unless they are messages. */
export function openRows(
  client: StreamClient,
  url: string,
  to: ExportFormat,
  options: Omit<StreamRowsOptions, "hasRows">,
): Promise<StreamRows> {
  return StreamRows.open(client, url, { ...options, hasRows: to !== "raw" });
}

/** Exports to stdout, from the stream's start to its end at this moment. It cannot be resumed. */
export async function exportToOutput(
  client: StreamClient,
  url: string,
  output: DataOutput,
  { to, signal, onProgress }: ExportOptions,
): Promise<ExportSummary> {
  const source = await openRows(client, url, to, { signal });
  const { identity, end } = source;
  const encoder = await makeEncoder(to, { url, ...identity });
  let rows = 0;
  let bytes = 0;
  const write = async (piece: Uint8Array): Promise<void> => {
    await output.write(piece);
    bytes += piece.byteLength;
  };
  await write(encoder.begin());
  for await (const batch of source.batches()) {
    rows += batch.length;
    for (const encoded of encoder.encode(batch)) {
      await write(encoded.bytes);
      onProgress?.({ rows, bytes, position: encoded.end, end });
    }
  }
  await write(encoder.end());
  return { contentType: identity.contentType, rows, bytes, nextOffset: source.nextOffset };
}
