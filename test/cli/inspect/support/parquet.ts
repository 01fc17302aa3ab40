// Reads Parquet files with a reader that is not the writer.
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";

interface ParquetRow {
  readonly position: bigint;
  readonly offset: string | null;
  readonly message: unknown;
  readonly bytes?: Uint8Array | null;
}

export async function readParquet(file: string) {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer);
  const rows = (await parquetReadObjects({ file: buffer, metadata, utf8: false })) as unknown as ParquetRow[];
  const facts = Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value]));
  return { rows, facts, columns: metadata.schema.slice(1).map(({ name }) => name), groups: metadata.row_groups };
}
