import type { ContentKind } from "../../protocol/content-type.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";

/** How `read` and `tail` print. */
export const FORMATS = ["raw", "ndjson", "json"] as const;

export type Format = (typeof FORMATS)[number];

/** What is printed of a stream: JSON a message a line, everything else as it is. */
export function defaultFormat(kind: ContentKind): Format {
  return kind === "json" ? "ndjson" : "raw";
}

const LF = Buffer.from("\n");
const LINE_BREAKS = /[\r\n]/g;

/** Inside a JSON text line breaks are white space between tokens, so a blank says the same; nothing else is touched. */
function onOneLine(message: Uint8Array): string {
  return Buffer.from(message).toString("utf8").replace(LINE_BREAKS, " ");
}

function withoutLineEnd(line: string): string {
  return line.replace(/\r?\n$/, "");
}

/** A record as one JSON value on one line: JSON messages verbatim, text as a string, other bytes as base64. */
function recordAsJson(kind: ContentKind, record: Uint8Array): string {
  if (kind === "json") return onOneLine(record);
  const bytes = Buffer.from(record);
  return JSON.stringify(kind === "text" ? withoutLineEnd(bytes.toString("utf8")) : bytes.toString("base64"));
}

/** Turns records into what is written. `name` says which stream they are of, where there are several. */
export interface Formatter {
  records(kind: ContentKind, records: readonly Uint8Array[], name?: string): Uint8Array | string;
  /** Called where an offset becomes known; only the machine-readable form says it. */
  position(batch: StreamBatch, name?: string): string;
  /** What closes the output, whether or not there were records. */
  end(): string;
}

/** `raw`: JSON messages verbatim with a line end, everything else as it is; with a name, before each line. */
const raw: Formatter = {
  records(kind, records, name) {
    const prefix = name === undefined ? [] : [Buffer.from(`${name}: `)];
    const pieces = records.flatMap((record) => {
      const needsEnd = kind === "json" || (name !== undefined && record.at(-1) !== LF[0]);
      return [...prefix, record, ...(needsEnd ? [LF] : [])];
    });
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  },
  position: () => "",
  end: () => "",
};

/** `ndjson`: a record a line; with a name, an object that says both. */
const ndjson: Formatter = {
  records(kind, records, name) {
    return records
      .map((record) => {
        const value = recordAsJson(kind, record);
        return name === undefined ? `${value}\n` : `{"stream":${JSON.stringify(name)},"message":${value}}\n`;
      })
      .join("");
  },
  position: () => "",
  end: () => "",
};

/** `json`: all records in one array, which is well-formed only once it has ended. */
class JsonArrayFormatter implements Formatter {
  #isEmpty = true;

  records(kind: ContentKind, records: readonly Uint8Array[]): string {
    return records
      .map((record) => {
        const before = this.#isEmpty ? "[" : ",\n";
        this.#isEmpty = false;
        return `${before}${recordAsJson(kind, record)}`;
      })
      .join("");
  }

  position(): string {
    return "";
  }

  end(): string {
    return this.#isEmpty ? "[]\n" : "]\n";
  }
}

/** `--json`: an object a line, for each record and for each offset that becomes known. */
class EventFormatter implements Formatter {
  readonly #stream: string;

  constructor(stream: string) {
    this.#stream = JSON.stringify(stream);
  }

  records(kind: ContentKind, records: readonly Uint8Array[], name?: string): string {
    const stream = name === undefined ? this.#stream : JSON.stringify(name);
    const key = kind === "binary" ? "base64" : "message";
    return records.map((record) => `{"stream":${stream},"${key}":${recordAsJson(kind, record)}}\n`).join("");
  }

  position({ nextOffset, upToDate, closed }: StreamBatch, name?: string): string {
    if (nextOffset === undefined) return "";
    const stream = name === undefined ? this.#stream : JSON.stringify(name);
    return `{"stream":${stream},"nextOffset":${JSON.stringify(nextOffset)},"upToDate":${String(upToDate)},"closed":${String(closed)}}\n`;
  }

  end(): string {
    return "";
  }
}

/** `--json` for machines, or else a format for the data alone. */
export function createFormatter(format: Format | "events", stream: string): Formatter {
  if (format === "events") return new EventFormatter(stream);
  if (format === "json") return new JsonArrayFormatter();
  return format === "raw" ? raw : ndjson;
}
