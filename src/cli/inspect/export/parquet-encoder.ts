import { isUtf8 } from "node:buffer";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { contentKind, type ContentKind } from "../../../protocol/content-type.ts";
import { formatOffset } from "../../../protocol/offset.ts";
import type { EncodedRows, EncoderState, ExportEncoder, ExportSource } from "./encoder.ts";
import type { CutRow } from "./rows.ts";
import { countsPositions } from "../../copying/stream-identity.ts";

type Schema = ParquetWriter["schema"];
type RowGroups = ParquetWriter["row_groups"];
type Columns = Parameters<ParquetWriter["write"]>[0]["columnData"];

/** Message bytes that end a row group: it is made in memory, and written with the next kill in mind. */
const ROW_GROUP_BYTES = 16 * 1024 * 1024;
/** Rows that end a row group. */
export const ROW_GROUP_ROWS = 50_000;

/** Bytes of a column that make a page of it. */
const PAGE_BYTES = 1024 * 1024;

const STRING = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;

/**
 * The columns. JSON texts are strings and not of the type JSON, which some readers parse: large numbers and repeated keys
 * would not survive that. A row of a text stream that is not UTF-8 has its bytes in `bytes` instead.
 */
function schemaOf(kind: ContentKind): Schema {
  const message = kind === "binary" ? ({ type: "BYTE_ARRAY" } as const) : STRING;
  const columns: Schema = [
    { name: "position", type: "INT64", repetition_type: "REQUIRED" },
    { name: "offset", ...STRING, repetition_type: "OPTIONAL" },
    { name: "message", ...message, repetition_type: kind === "text" ? "OPTIONAL" : "REQUIRED" },
    ...(kind === "text" ? [{ name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" } as const] : []),
  ];
  return [{ name: "stream", num_children: columns.length }, ...columns];
}

function columnsOf(kind: ContentKind, rows: readonly CutRow[], counts: boolean): Columns {
  const position = rows.map((row) => BigInt(row.position));
  const offset = rows.map((row) => (counts ? formatOffset(row.position) : null));
  const plain = { encoding: "PLAIN", statistics: false, offsetIndex: false } as const;
  const columns: Columns = [
    { name: "position", data: position, encoding: "DELTA_BINARY_PACKED", offsetIndex: false },
    { name: "offset", data: offset, ...plain },
  ];
  if (kind !== "text") return [...columns, { name: "message", data: rows.map(({ bytes }) => bytes), ...plain }];
  const isText = rows.map(({ bytes }) => isUtf8(bytes));
  return [
    ...columns,
    { name: "message", data: rows.map(({ bytes }, i) => (isText[i] === true ? bytes : null)), ...plain },
    { name: "bytes", data: rows.map(({ bytes }, i) => (isText[i] === true ? null : bytes)), ...plain },
  ];
}

/** Row groups as JSON: their whole numbers are bigints. */
function toState(groups: RowGroups): EncoderState {
  const text = JSON.stringify(groups, (_name, value: unknown) =>
    typeof value === "bigint" ? { big: String(value) } : value,
  );
  return JSON.parse(text) as EncoderState;
}

function fromState(state: EncoderState): RowGroups {
  return JSON.parse(JSON.stringify(state), (_name, value: unknown) =>
    typeof value === "object" && value !== null && "big" in value ? BigInt(String(value.big)) : value,
  ) as RowGroups;
}

/**
 * `parquet`: a table in row groups, each of which is written for itself. The file's last part says where they lie; until
 * then that is the encoder's state. `offset` says how many bytes were handed out before.
 */
export class ParquetEncoder implements ExportEncoder {
  readonly hasGroups = true;
  readonly #kind: ContentKind;
  readonly #counts: boolean;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #header: Uint8Array;
  #rows: CutRow[] = [];
  #rowBytes = 0;

  constructor(source: ExportSource, resumed?: { readonly state: EncoderState; readonly bytes: number }) {
    const { url, contentType, incarnation } = source;
    this.#kind = contentKind(contentType);
    this.#counts = countsPositions(source);
    const facts = { stream: url, contentType, ...(incarnation === undefined ? {} : { incarnation }) };
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: schemaOf(this.#kind),
      createdBy: "durable-streams",
      kvMetadata: Object.entries(facts).map(([name, value]) => ({ key: `durable-streams.${name}`, value })),
    });
    this.#header = this.#taken();
    if (resumed === undefined) return;
    // The columns say where in the file they begin.
    this.#bytes.offset = resumed.bytes;
    this.#writer.row_groups = fromState(resumed.state);
    this.#writer.num_rows = this.#writer.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  }

  get state(): EncoderState {
    return toState(this.#writer.row_groups);
  }

  begin(): Uint8Array {
    return this.#header;
  }

  *encode(rows: readonly CutRow[]): Generator<EncodedRows> {
    for (const row of rows) {
      this.#rows.push(row);
      this.#rowBytes += row.bytes.byteLength;
      if (this.#rowBytes < ROW_GROUP_BYTES && this.#rows.length < ROW_GROUP_ROWS) continue;
      const count = this.#rows.length;
      this.#writeGroup();
      yield { bytes: this.#taken(), rows: count, end: row.end };
    }
  }

  end(): Uint8Array {
    if (this.#rows.length > 0) this.#writeGroup();
    void this.#writer.finish();
    return this.#taken();
  }

  #writeGroup(): void {
    const columnData = columnsOf(this.#kind, this.#rows, this.#counts);
    // Into memory, so there is nothing to wait for.
    void this.#writer.write({ columnData, rowGroupSize: this.#rows.length, pageSize: PAGE_BYTES });
    // No column has an index at the end of the file; the list would only grow.
    this.#writer.pendingIndexes = [];
    this.#rows = [];
    this.#rowBytes = 0;
  }

  /** What was written since the last time. The offset goes on counting. */
  #taken(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return bytes;
  }
}
