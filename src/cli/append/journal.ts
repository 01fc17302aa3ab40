import { createHash } from "node:crypto";
import type { Producer } from "../../client/operations.ts";
import { readCheckpoint, writeCheckpoint } from "../checkpoint-file.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { Consumed } from "./input.ts";
import { INPUT_KINDS, type InputKind } from "./input-kind.ts";

/** A batch that was about to be sent when this was written: the server may have it or not. */
export interface PendingBatch {
  readonly seq: number;
  readonly body: Uint8Array;
  readonly messages: number;
  readonly close: boolean;
}

/**
 * The state of an exactly-once append. It is on disk before each request, so after a crash at any moment the batch that
 * may or may not have arrived can be sent again, byte for byte, under the same producer, epoch and sequence.
 */
export interface JournalState {
  /** The stream's URL; the journal belongs to no other. */
  readonly stream: string;
  readonly contentType: string;
  /** The same input gives other messages when it is read another way. */
  readonly input: InputKind;
  readonly producerId: string;
  readonly epoch: number;
  /** The input up to and including the pending batch. */
  readonly consumed: Consumed;
  readonly pending: PendingBatch | undefined;
  /** The sequence of the batch after the pending one. */
  readonly nextSeq: number;
  /** This producer has closed the stream. */
  readonly closed: boolean;
}

const FORMAT = "durable-streams append checkpoint 1";

interface Header extends Omit<JournalState, "pending"> {
  readonly format: string;
  readonly pending: (Omit<PendingBatch, "body"> & { readonly bytes: number; readonly sha256: string }) | null;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function writeJournal(file: string, state: JournalState): Promise<void> {
  const { pending, ...rest } = state;
  const header: Header = {
    format: FORMAT,
    ...rest,
    pending:
      pending === undefined
        ? null
        : {
            seq: pending.seq,
            messages: pending.messages,
            close: pending.close,
            bytes: pending.body.byteLength,
            sha256: sha256(pending.body),
          },
  };
  await writeCheckpoint(file, [`${JSON.stringify(header)}\n`, pending?.body ?? new Uint8Array(0)]);
}

function damaged(file: string, what: string): CommandFailure {
  return new CommandFailure({
    code: "BAD_CHECKPOINT",
    message: `${file} is not an intact checkpoint of append: ${what}. Nothing was sent.`,
    hint: "Restore it, or start over with another checkpoint file; what it knew of sent messages is then lost.",
  });
}

/** The fields are checked as far as a wrong one could send wrong data. */
function isHeader(value: unknown): value is Header {
  if (typeof value !== "object" || value === null) return false;
  const header = value as Partial<Record<keyof Header, unknown>>;
  const consumed = header.consumed as Partial<Consumed> | undefined;
  return (
    header.format === FORMAT &&
    typeof header.stream === "string" &&
    typeof header.contentType === "string" &&
    INPUT_KINDS.some((kind) => kind === header.input) &&
    typeof header.producerId === "string" &&
    Number.isSafeInteger(header.epoch) &&
    Number.isSafeInteger(header.nextSeq) &&
    Number.isSafeInteger(consumed?.bytes) &&
    Number.isSafeInteger(consumed?.lines) &&
    typeof consumed?.sha256 === "string"
  );
}

/** Reads a journal; `undefined` when there is none yet. Damage of any kind is refused, never guessed around. */
export async function readJournal(file: string): Promise<JournalState | undefined> {
  const content = await readCheckpoint(file);
  if (content === undefined) return undefined;
  const headerEnd = content.indexOf(0x0a);
  let header: unknown;
  try {
    header = JSON.parse(content.toString("utf8", 0, Math.max(headerEnd, 0)));
  } catch {
    throw damaged(file, "its first line is not JSON");
  }
  if (!isHeader(header)) throw damaged(file, "its first line lacks what a checkpoint has");
  const body = content.subarray(headerEnd + 1);
  const { format: _format, pending, ...rest } = header;
  if (pending === null) return { ...rest, pending: undefined };
  if (body.byteLength !== pending.bytes || sha256(body) !== pending.sha256) {
    throw damaged(file, "the batch in it is not whole");
  }
  const { seq, messages, close } = pending;
  return { ...rest, pending: { seq, messages, close, body } };
}

/** What the command line asks for, to be compared with what the journal is of. */
export interface JournalExpectation {
  readonly stream: string;
  readonly input: InputKind;
  readonly producerId: string | undefined;
}

/** Refuses a journal of something else: going on with it would send the wrong data or under the wrong name. */
export function requireMatch(file: string, journal: JournalState, expected: JournalExpectation): void {
  const mismatches: readonly (readonly [string, string, string | undefined])[] = [
    ["stream", journal.stream, expected.stream],
    ["--input", journal.input, expected.input],
    ["--producer-id", journal.producerId, expected.producerId ?? journal.producerId],
  ];
  for (const [what, is, asked] of mismatches) {
    if (is === asked) continue;
    throw new CommandFailure({
      code: "OTHER_CHECKPOINT",
      message: `The checkpoint ${file} is of another append: its ${what} is ${is}, not ${String(asked)}. Nothing was sent.`,
      hint: "Run the command as it was run before, or use a checkpoint file for each stream and input.",
      exitCode: EXIT.conflict,
    });
  }
}

/** The producer of a pending batch. */
export function producerOf(state: Pick<JournalState, "producerId" | "epoch">, seq: number): Producer {
  return { id: state.producerId, epoch: state.epoch, seq };
}
