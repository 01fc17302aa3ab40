import { contentKind, type ContentKind } from "../../protocol/content-type.ts";
import type { StreamBatch } from "../../client/stream-batch.ts";
import { usageFailure } from "../command-failure.ts";
import type { DataOutput } from "./data-output.ts";
import type { ReadingCheckpoint } from "./reading-checkpoint.ts";
import { createFormatter, defaultFormat, type Format, type Formatter } from "./record-format.ts";
import { RecordSplitter } from "./record-splitter.ts";

export interface PrintOptions {
  readonly url: string;
  /** Default: by the kind of the stream. `events` is `--json`. */
  readonly format: Format | "events" | undefined;
  readonly output: DataOutput;
  /** Said with each record, where several streams are printed. */
  readonly name?: string | undefined;
  /** Print only records that match. */
  readonly grep?: RegExp | undefined;
  /** End after so many records. */
  readonly limit?: number | undefined;
  readonly checkpoint?: ReadingCheckpoint | undefined;
}

/** `-n` and `--grep` need records, and bytes of unknown meaning have none. */
export function requireRecords(contentType: string, flag: string): void {
  if (contentKind(contentType) !== "binary") return;
  throw usageFailure(
    `${flag} works on messages, and a stream of ${contentType} has none: its bytes have no boundaries.`,
    `Leave ${flag} out.`,
  );
}

/** Bytes of text go out as they come, unless something asks for whole lines. */
function splitterFor(kind: ContentKind, format: Format | "events", options: PrintOptions): RecordSplitter {
  const { name, grep, limit, checkpoint, url } = options;
  const byLines = format !== "raw" || name !== undefined || grep !== undefined || limit !== undefined;
  const held = Buffer.from(checkpoint?.position(url)?.held ?? "", "base64");
  return new RecordSplitter(kind === "text" && !byLines ? "binary" : kind, held);
}

/** What is known once the first batch has come. */
class Printer {
  readonly #kind: ContentKind;
  readonly #formatter: Formatter;
  readonly #options: PrintOptions;
  readonly splitter: RecordSplitter;
  printed = 0;

  constructor(kind: ContentKind, options: PrintOptions) {
    const format = options.format ?? defaultFormat(kind);
    this.#kind = kind;
    this.#options = options;
    this.#formatter = createFormatter(format, options.url);
    this.splitter = splitterFor(kind, format, options);
  }

  get isDone(): boolean {
    return this.printed === this.#options.limit;
  }

  async print(records: readonly Uint8Array[]): Promise<void> {
    const { output, name } = this.#options;
    const chosen = choose(records, this.#options, this.printed);
    this.printed += chosen.length;
    if (chosen.length > 0) await output.write(this.#formatter.records(this.#kind, chosen, name));
  }

  async position(batch: StreamBatch): Promise<void> {
    await this.#options.output.write(this.#formatter.position(batch, this.#options.name));
  }

  async end(): Promise<void> {
    // With a checkpoint the beginning of a line is kept there, and printed by the run that sees its end.
    if (this.#options.checkpoint === undefined && !this.isDone) await this.print(this.splitter.end());
    await this.#options.output.write(this.#formatter.end());
  }
}

/** Prints batches as they come, and tells the checkpoint how far each one got once it has left the process. */
export async function printBatches(batches: AsyncIterable<StreamBatch>, options: PrintOptions): Promise<void> {
  const { url, checkpoint } = options;
  let printer: Printer | undefined;
  for await (const batch of batches) {
    printer ??= new Printer(batch.kind, options);
    await printer.print(printer.splitter.push(batch.pieces));
    if (printer.isDone) break;
    if (batch.closed) await printer.print(printer.splitter.end());
    if (batch.nextOffset === undefined) continue;
    await printer.position(batch);
    checkpoint?.advance(url, batch.nextOffset, printer.splitter.held);
  }
  await printer?.end();
}

function choose(records: readonly Uint8Array[], { grep, limit }: PrintOptions, printed: number): readonly Uint8Array[] {
  const matching =
    grep === undefined ? records : records.filter((record) => grep.test(Buffer.from(record).toString("utf8")));
  return limit === undefined ? matching : matching.slice(0, limit - printed);
}

/** Compiles `--grep`; without flags that carry state from one match to the next. */
export function parsePattern(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  try {
    return new RegExp(pattern, "u");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageFailure(
      `--grep ${JSON.stringify(pattern)} is not a regular expression: ${reason}.`,
      "Write it as in JavaScript, and characters that mean themselves with a backslash, like --grep '\\(failed\\)'.",
    );
  }
}
