import type { ContentKind } from "../../protocol/content-type.ts";
import { scanJson } from "../../protocol/json-scanner.ts";
import { APPEND_MAX_MESSAGES, BODY_MAX_BYTES } from "../../protocol/limits.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonFault } from "../json-fault.ts";
import type { InputKind } from "./input-kind.ts";

/** One message on its way from the input into a batch. */
export interface Frame {
  /** What goes into the body: for JSON the text of a message, otherwise bytes. */
  readonly body: Uint8Array;
  /** The stretch of the input it was made from, line end included. */
  readonly input: Uint8Array;
  /** How many messages the server makes of it. */
  readonly messages: number;
}

export interface FrameOptions {
  readonly kind: InputKind;
  readonly content: ContentKind;
  /** Lines before this input, when an earlier run consumed some: line numbers count from there. */
  readonly linesBefore: number;
  /** The earlier run sent a last line without its end, so what comes up to the next line end is not a line of its own. */
  readonly insideLine: boolean;
  /** All of it stands on the command line, and none of it was sent: a fault is one of usage. */
  readonly isTyped?: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/** The input's messages, a group for each piece that arrives. A group that goes wrong is handed on up to its fault. */
export async function* frames(
  input: AsyncIterable<Uint8Array>,
  options: FrameOptions,
): AsyncGenerator<readonly Frame[]> {
  if (options.kind === "raw") yield* rawFrames(input);
  else if (options.kind === "json") yield* wholeText(input, options);
  else yield* lineFrames(input, options);
}

async function* rawFrames(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Frame[]> {
  for await (const bytes of input) {
    if (bytes.byteLength > 0) yield [{ body: bytes, input: bytes, messages: 1 }];
  }
}

/** `--input json`: the whole input is one JSON text, sent as it is; the server takes an array apart (section 9.1.2). */
async function* wholeText(
  input: AsyncIterable<Uint8Array>,
  { isTyped }: FrameOptions,
): AsyncGenerator<readonly Frame[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of input) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > BODY_MAX_BYTES) {
      throw new CommandFailure({
        code: "INPUT_TOO_LARGE",
        message: `The JSON text is larger than ${String(BODY_MAX_BYTES)} bytes, the most that one append may carry.`,
        hint: "Give one JSON text a line with --input ndjson: that is sent in batches (jq -c '.[]' makes it from an array).",
      });
    }
  }
  if (bytes === 0) return;
  const text = Buffer.concat(pieces);
  const scan = scanJson(text, APPEND_MAX_MESSAGES);
  if (scan.kind === "invalid") {
    throw new CommandFailure({
      code: "INVALID_JSON",
      message: `The input is not JSON: at byte ${String(scan.at)}, ${scan.problem}. Nothing was sent.`,
      hint: "For one JSON text a line use --input ndjson; for plain text use --input lines.",
      exitCode: isTyped === true ? EXIT.usage : EXIT.failure,
    });
  }
  if (scan.kind === "array" && scan.elements.length === 0) return;
  yield [{ body: text, input: text, messages: scan.kind === "array" ? scan.elements.length : 1 }];
}

/** Lines with what ends them. The last one may have no end. */
async function* lineFrames(input: AsyncIterable<Uint8Array>, options: FrameOptions): AsyncGenerator<readonly Frame[]> {
  const convert = lineConverter(options);
  let isRestOfLine = options.insideLine && options.content === "json";
  const lineFrame = (input: Uint8Array, at: number): Frame => {
    const body = isRestOfLine ? EMPTY : convert(input, at);
    isRestOfLine = false;
    return { body, input, messages: body.byteLength === 0 ? 0 : 1 };
  };
  let number = options.linesBefore;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of input) {
    const group: Frame[] = [];
    let start = 0;
    let fault: Error | undefined;
    for (let end = piece.indexOf(LF); end !== -1; end = piece.indexOf(LF, start)) {
      const tail = piece.subarray(start, end + 1);
      const line = held.length === 0 ? tail : Buffer.concat([...held, tail]);
      held = [];
      heldBytes = 0;
      start = end + 1;
      try {
        group.push(lineFrame(line, ++number));
      } catch (error) {
        fault = error instanceof Error ? error : new Error(String(error));
        break;
      }
    }
    if (group.length > 0) yield group;
    if (fault !== undefined) throw fault;
    if (start < piece.byteLength) held.push(piece.subarray(start));
    heldBytes += piece.byteLength - start;
    if (heldBytes > BODY_MAX_BYTES) throw lineTooLong(number + 1);
  }
  if (held.length === 0) return;
  const line = Buffer.concat(held);
  yield [lineFrame(line, number + 1)];
}

function lineTooLong(number: number): CommandFailure {
  return new CommandFailure({
    code: "LINE_TOO_LONG",
    message: `Line ${String(number)} is longer than ${String(BODY_MAX_BYTES)} bytes, the most that one append may carry.`,
    hint: "Is the input really text by lines? --input raw sends bytes as they are.",
  });
}

function withoutLineEnd(line: Uint8Array): Uint8Array {
  let end = line.byteLength;
  if (line[end - 1] === LF) end--;
  if (line[end - 1] === CR) end--;
  return line.subarray(0, end);
}

/** What a line contributes to a body; an empty result contributes nothing. */
function lineConverter({ kind, content, isTyped }: FrameOptions): (line: Uint8Array, number: number) => Uint8Array {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array): string => decoder.decode(bytes);
  if (kind === "lines") {
    if (content !== "json") return (line) => line;
    return (line, number) => {
      try {
        return Buffer.from(JSON.stringify(decode(withoutLineEnd(line))));
      } catch {
        throw badLine(number, "it is not UTF-8 text", isTyped);
      }
    };
  }
  return (line, number) => {
    const text = withoutLineEnd(line);
    if (isBlank(text)) return EMPTY;
    const fault = lineFault(text, decode);
    if (fault !== undefined) throw badLine(number, fault, isTyped);
    return content === "json" ? text : line;
  };
}

const EMPTY = new Uint8Array(0);

function isBlank(text: Uint8Array): boolean {
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === CR);
}

/** The engine's parser is the quick check; only for a faulty line does the scanner say where the fault is. */
function lineFault(text: Uint8Array, decode: (bytes: Uint8Array) => string): string | undefined {
  try {
    JSON.parse(decode(text));
    return undefined;
  } catch {
    return jsonFault(text) ?? "it is not valid JSON";
  }
}

function badLine(number: number, problem: string, isTyped = false): CommandFailure {
  if (isTyped) {
    return new CommandFailure({
      code: "INVALID_LINE",
      message: `Line ${String(number)} is not JSON: ${problem}. Nothing was sent.`,
      hint: "Correct it, or for plain text use --input lines.",
      exitCode: EXIT.usage,
    });
  }
  return new CommandFailure({
    code: "INVALID_LINE",
    message: `Line ${String(number)} cannot be sent: ${problem}. Every line before it was sent, nothing from it on.`,
    hint: "Correct the line and send the input from there on; with --checkpoint just run the command again.",
  });
}
