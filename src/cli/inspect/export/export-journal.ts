import type { Position } from "../../../protocol/offset.ts";
import { jsonOrNothing, readCheckpoint, writeCheckpoint } from "../../checkpoint-file.ts";
import { CommandFailure, usageFailure } from "../../command-failure.ts";
import { EXIT } from "../../exit-codes.ts";
import { EXPORT_FORMATS, type EncoderState, type ExportFormat } from "./encoder.ts";
import type { ReadMark } from "./stream-rows.ts";

/**
 * How far an export got. It is on disk after the bytes that it speaks of, so after a crash at any moment the part file
 * holds at least those, and what it holds beyond them is written again.
 */
export interface ExportProgress {
  /** The stream's URL. */
  readonly stream: string;
  readonly to: ExportFormat;
  readonly contentType: string;
  /** `null` where the server does not tell creations of a name apart. */
  readonly incarnation: string | null;
  /** Where the export ends: the stream's tail when it was begun. `null` where the server's offsets do not count. */
  readonly end: Position | null;
  /** Where to read on. */
  readonly read: ReadMark;
  readonly rows: number;
  /** Of the part file. */
  readonly bytes: number;
  readonly encoder: EncoderState;
  /** Where a read goes on after the export; `null` until it is done. */
  readonly nextOffset: string | null;
  /** The part file is the whole export; it only lacks its name. */
  readonly done: boolean;
}

const FORMAT = "durable-streams export 1";

/** How a journal of any version begins. */
const BEGINNING = '{"format":"durable-streams export ';

interface Content extends ExportProgress {
  readonly format: string;
}

function isContent(value: unknown): value is Content {
  if (typeof value !== "object" || value === null) return false;
  const content = value as Partial<Record<keyof Content, unknown>>;
  const read = content.read as Partial<Record<keyof ReadMark, unknown>> | null | undefined;
  return (
    content.format === FORMAT &&
    typeof content.stream === "string" &&
    EXPORT_FORMATS.some((format) => format === content.to) &&
    typeof content.contentType === "string" &&
    (content.incarnation === null || typeof content.incarnation === "string") &&
    (content.end === null || Number.isSafeInteger(content.end)) &&
    typeof read?.offset === "string" &&
    [read.offsetPosition, read.position, content.rows, content.bytes].every((count) => Number.isSafeInteger(count)) &&
    Array.isArray(content.encoder) &&
    (content.nextOffset === null || typeof content.nextOffset === "string") &&
    typeof content.done === "boolean"
  );
}

/** What is there cannot be gone on with. */
export function badExport(file: string, what: string): CommandFailure {
  return new CommandFailure({
    code: "BAD_EXPORT",
    message: `The unfinished export ${file} cannot be continued: ${what}.`,
    hint: "Run the command again with --force to start over.",
  });
}

/** What lies under a journal's name and is none stays, whatever consent was given to replace the export. */
function foreignJournal(file: string): CommandFailure {
  return usageFailure(
    `${JSON.stringify(file)} is there already, and no export has left it there.`,
    "An export needs that name to know how far it got: move the file away, or choose another --file.",
  );
}

/** Reads a journal; `undefined` when there is none. */
export async function readExportJournal(file: string): Promise<ExportProgress | undefined> {
  const text = (await readCheckpoint(file))?.toString();
  if (text === undefined) return undefined;
  const content = jsonOrNothing(text);
  // A journal is replaced whole, never half: what does not begin like one never was one.
  if (!text.startsWith(BEGINNING)) throw foreignJournal(file);
  if (!isContent(content)) throw badExport(file, "it is damaged");
  const { format: _format, ...progress } = content;
  return progress;
}

export async function writeExportJournal(file: string, progress: ExportProgress): Promise<void> {
  const content: Content = { format: FORMAT, ...progress };
  await writeCheckpoint(file, [`${JSON.stringify(content)}\n`]);
}

/** Refuses a journal of something else: going on with it would mix two exports in one file. */
export function requireSameExport(
  file: string,
  progress: ExportProgress,
  asked: { readonly stream: string; readonly to: ExportFormat },
): void {
  const differences = [
    ["stream", progress.stream, asked.stream],
    ["--to", progress.to, asked.to],
  ] as const;
  for (const [what, is, wanted] of differences) {
    if (is === wanted) continue;
    throw new CommandFailure({
      code: "OTHER_EXPORT",
      message: `${file} is of another unfinished export: its ${what} is ${is}, not ${wanted}.`,
      hint: "Finish that one as it was begun, choose another file, or give it up with --force.",
      exitCode: EXIT.conflict,
    });
  }
}
