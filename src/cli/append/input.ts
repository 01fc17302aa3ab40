import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { requireFileName } from "../file-error.ts";
import type { InputSource } from "./input-kind.ts";

/** How much of the input an earlier run used up, so that this run can go on there and prove that it is the same input. */
export interface Consumed {
  readonly bytes: number;
  /** Whole lines, their ends included. */
  readonly lines: number;
  /** SHA-256 of those bytes, in hexadecimal. */
  readonly sha256: string;
  /** They ended inside a line: it was the end of the input then, and the line was sent without its end. */
  readonly insideLine: boolean;
}

export const NOTHING_CONSUMED: Consumed = {
  bytes: 0,
  lines: 0,
  sha256: createHash("sha256").digest("hex"),
  insideLine: false,
};

const LF = 0x0a;
const CR = 0x0d;

export function openInput(source: InputSource): AsyncIterable<Uint8Array> {
  if (source.from === "file") return createReadStream(source.file);
  if (source.from === "argument") return oneAtATime([Buffer.from(source.data)]);
  if (process.stdin.isTTY) {
    process.stderr.write("Reading from the terminal; Ctrl-D ends the input.\n");
  }
  return process.stdin;
}

async function* oneAtATime(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}

/** Counts and hashes the input as batches use it up. */
export class ConsumedInput {
  readonly #hash: Hash;
  #bytes: number;
  #lines: number;
  #lastByte: number;

  constructor(hash: Hash = createHash("sha256"), before: Consumed = NOTHING_CONSUMED) {
    this.#hash = hash;
    this.#bytes = before.bytes;
    this.#lines = before.lines;
    this.#lastByte = before.insideLine ? 0 : LF;
  }

  get lines(): number {
    return this.#lines;
  }

  add(inputs: readonly Uint8Array[]): void {
    for (const input of inputs) {
      this.#hash.update(input);
      this.#bytes += input.byteLength;
      this.#lastByte = input.at(-1) ?? this.#lastByte;
      if (this.#lastByte === LF) this.#lines++;
    }
  }

  state(): Consumed {
    return {
      bytes: this.#bytes,
      lines: this.#lines,
      sha256: this.#hash.copy().digest("hex"),
      insideLine: this.#lastByte !== LF,
    };
  }
}

function otherInput(what: string): CommandFailure {
  return new CommandFailure({
    code: "INPUT_CHANGED",
    message: `The input is not the one that the checkpoint knows: ${what}. Nothing was sent.`,
    hint: "Give the same input from its beginning, or start over with another checkpoint file.",
  });
}

/**
 * Reads over what an earlier run consumed, checking that it is the same, and hands on the rest. The result's hash goes on
 * from there.
 */
export async function resumeInput(
  input: AsyncIterable<Uint8Array>,
  before: Consumed,
  byLines: boolean,
): Promise<{ readonly rest: AsyncIterable<Uint8Array>; readonly hash: Hash }> {
  const hash = createHash("sha256");
  const iterator = input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, void>;
  let missing = before.bytes;
  let rest: Uint8Array = new Uint8Array(0);
  while (missing > 0) {
    const next = await iterator.next();
    if (next.done === true)
      throw otherInput(`it ends after ${String(before.bytes - missing)} of ${String(before.bytes)} bytes`);
    const piece = next.value;
    const used = Math.min(missing, piece.byteLength);
    hash.update(piece.subarray(0, used));
    missing -= used;
    rest = piece.subarray(used);
  }
  if (hash.copy().digest("hex") !== before.sha256) {
    throw otherInput(`its first ${String(before.bytes)} bytes differ`);
  }
  const remaining = goOn(rest, iterator);
  return { rest: byLines && before.insideLine ? requireLineEnd(remaining) : remaining, hash };
}

async function* goOn(first: Uint8Array, iterator: AsyncIterator<Uint8Array, void>): AsyncIterable<Uint8Array> {
  if (first.byteLength > 0) yield first;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** A last line that was sent without its end may get that end later, but may not grow. */
async function* requireLineEnd(input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let isFirst = true;
  for await (const piece of input) {
    const first = piece[0];
    if (isFirst && first !== undefined && first !== LF && first !== CR) {
      throw otherInput("its last line was sent without a line end, and goes on now");
    }
    isFirst &&= first === undefined;
    yield piece;
  }
}

/** An argument, a file, or else stdin; `--file -` names stdin too. */
export function chooseSource(data: string | undefined, file: string | undefined): InputSource {
  requireFileName(file, "--file");
  if (data !== undefined && file !== undefined) {
    throw usageFailure("The data are given twice: as an argument and by --file.", "Leave out one of them.");
  }
  if (data !== undefined) return { from: "argument", data };
  return file === undefined || file === "-" ? { from: "stdin" } : { from: "file", file };
}
