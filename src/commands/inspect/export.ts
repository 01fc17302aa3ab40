import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { isRetryable } from "../../client/errors/client-error.ts";
import { usageFailure } from "../../cli/command-failure.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../../cli/inspect/export/encoder.ts";
import { exportToFile } from "../../cli/inspect/export/export-file.ts";
import { exportToOutput, type ExportCounts } from "../../cli/inspect/export/export-stream.ts";
import { progressBar, StatusLine } from "../../cli/inspect/status-line.ts";
import { counted, humanBytes } from "../../client/figures.ts";
import { requireFileName } from "../../cli/file-error.ts";
import { openDataOutput } from "../../cli/reading/data-output.ts";
import { ServerCommand } from "../../cli/server-command.ts";

const STDOUT = "-";

export default class InspectExport extends ServerCommand {
  static override summary = "Copy a whole stream into a file, as NDJSON, as it is, or as a Parquet table.";

  static override description = `Reads the stream as any reader does, so it works with every server, and its memory stays bounded however long the stream is.
  ndjson   a line a row: JSON messages as they are, others as {"offset","message"}, or {"offset","base64"} where they are not text
  raw      the bytes that one answer with the whole stream would have: for JSON one array of the messages
  parquet  columns position, offset and message, compressed with Snappy. JSON messages are strings, so every digit of a number survives. Of a text stream, rows that are not UTF-8 are in the column bytes instead
A row is a message of a JSON stream, a line of a text stream with its line end (at most 16 MiB of it), or 64 KiB of any other. Offsets are those of a durable-streams server; of another server, whose offsets do not count, ndjson has "position" instead and parquet nulls.

The export ends where the stream ended when it began; with another server, where the stream ends when it gets there.
With --file it can be ended at any moment, even by a crash: run again with the same arguments it goes on, and the finished file is the same. Until then there are FILE.part, FILE.lock, which keeps a second export off, and FILE.export, which says how much of the part counts: it is saved every 8 MiB, for parquet with every row group (16 MiB of messages, or 50,000 rows). FILE appears only when it is whole. A stream that was deleted and created again in between is refused with exit code 5, where the server tells the two apart, as durable-streams does.
--json gives {"stream","file","to","contentType","rows","bytes","nextOffset","resumedAtRow"}.`;

  static override examples = [
    "<%= config.bin %> <%= command.id %> orders --to parquet --file orders.parquet",
    "<%= config.bin %> <%= command.id %> orders --to ndjson | gzip > orders.ndjson.gz",
  ];

  static override args = {
    stream: stringArg({ required: true, ignoreStdin: true, description: "The stream's name, or its whole URL." }),
  };

  static override flags = {
    to: string({ summary: "The form of the export.", options: [...EXPORT_FORMATS], required: true }),
    file: string({ summary: "Write to this file; - is stdout (default, but not for parquet).", helpValue: "FILE" }),
    force: boolean({ summary: "Replace FILE, and start over where an unfinished export cannot be continued." }),
  };

  #noteKept(file: string, { rows, bytes }: Written): void {
    this.notices.note(
      rows === 0
        ? "No row is kept yet: the same command begins anew."
        : `${counted(rows, "row")}, ${humanBytes(bytes)}, in ${file}.part: the same command goes on from there.`,
    );
  }

  override async run(): Promise<unknown> {
    const { args, flags } = await this.parse(InspectExport);
    const to = EXPORT_FORMATS.find((each) => each === flags.to) ?? "ndjson";
    requireFileName(flags.file, "--file");
    const file = flags.file === STDOUT ? undefined : flags.file;
    if (file === undefined) requireStdout(to, flags);
    const url = this.streamUrl(flags, args.stream);
    const client = await this.connect(flags);
    const status = new StatusLine(flags.quiet);
    const options = { to, signal: this.interruptSignal(), onProgress: showProgress(status) };
    try {
      if (file === undefined) {
        await exportToOutput(client, url, openDataOutput(), options);
        return undefined;
      }
      const onResume = ({ rows, bytes }: Written): void => {
        this.notices.note(`Going on after ${counted(rows, "row")}, ${humanBytes(bytes)}.`);
      };
      let kept: Written | undefined;
      const onKept = (written: Written): void => void (kept = written);
      const fileOptions = { ...options, file, force: flags.force, onResume, onKept };
      const summary = await exportToFile(client, url, fileOptions).catch((error: unknown) => {
        status.clear();
        if (kept !== undefined && isForNow(error, options.signal)) this.#noteKept(file, kept);
        throw error;
      });
      status.clear();
      this.notices.note(`Exported ${counted(summary.rows, "row")}, ${humanBytes(summary.bytes)}, to ${file}`);
      return { stream: url, to, ...summary };
    } finally {
      status.clear();
    }
  }
}

/** How far an export got. */
interface Written {
  readonly rows: number;
  readonly bytes: number;
}

/** Whether the same command may succeed later, or would have. */
function isForNow(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || isRetryable(error);
}

/** Refuses what has no meaning without a file. */
function requireStdout(
  to: ExportFormat,
  flags: { readonly json?: boolean | undefined; readonly force: boolean },
): void {
  if (to === "parquet") throw usageFailure("--to parquet needs a file.", "Name one with --file.");
  if (flags.force) throw usageFailure("--force has nothing to replace on stdout.", "Name a file with --file.");
  if (flags.json !== true) return;
  throw usageFailure("--json has no place beside an export on stdout.", "Name a file with --file, or leave it out.");
}

function showProgress(status: StatusLine): (counts: ExportCounts) => void {
  return ({ bytes, position, end }) => {
    status.update((elapsedMs) => {
      const rate = `${humanBytes(bytes)}, ${String(Math.floor(elapsedMs / 1000))} s so far`;
      return end === undefined ? rate : `${progressBar(position, end)} ${rate}`;
    });
  };
}
