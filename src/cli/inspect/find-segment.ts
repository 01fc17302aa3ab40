import type { OperatorClient } from "../../client/operator.ts";
import type { SegmentRow, StreamMap } from "../../client/operator-types.ts";
import { visibleLine } from "../../client/visible-text.ts";
import { formatOffset, parseOffset, type Position } from "../../protocol/offset.ts";
import { CommandFailure, usageFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";

/** What of a stream is meant: a segment by its number, or the one that holds an offset. */
export type SegmentChoice =
  | { readonly by: "number"; readonly number: number }
  | { readonly by: "offset"; readonly offset: string; readonly position: Position };

/** Reads the argument `SEGMENT|OFFSET`. Numbers of segments have no underscore, and offsets have one. */
export function parseSegmentChoice(text: string): SegmentChoice {
  const position = parseOffset(text);
  if (position !== undefined) return { by: "offset", offset: text, position };
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return { by: "number", number };
  throw usageFailure(
    `${JSON.stringify(text)} is neither a segment's number nor an offset.`,
    `Segments have numbers such as 17, offsets look like ${formatOffset(17)}; inspect segments lists both.`,
  );
}

/** Reads a flag that takes an offset. */
export function requireOffset(text: string, flag: string): string {
  if (text === "-1" || parseOffset(text) !== undefined) return text;
  throw usageFailure(
    `${flag} ${JSON.stringify(text)} is not an offset.`,
    `Offsets look like ${formatOffset(17)}; inspect segments lists those at which segments begin and end.`,
  );
}

/** Why there is no segment at an offset or after it: a sentence where that is in order, a failure where it is not. */
export function whyNoSegments({ hot, tail, segments }: StreamMap, from: string | undefined): string {
  if (from !== undefined && from > tail) {
    throw notFound(`The offset ${from} is past the stream's end.`, `The stream's tail is ${tail}.`);
  }
  if (segments.count === 0) return "Nothing is sealed yet: all messages are in the hot log.";
  return `Nothing from ${from ?? hot.start} on is sealed: the stream is sealed up to ${hot.start}, and its tail is ${tail}.`;
}

function notFound(message: string, hint: string): CommandFailure {
  return new CommandFailure({ code: "SEGMENT_NOT_FOUND", message, hint, exitCode: EXIT.notFound });
}

/** The messages are in the stream, only not where this command looks. */
function stillHot(offset: string, stream: string, bin: string): CommandFailure {
  return notFound(
    `The offset ${offset} is in the hot log: it is not sealed into a segment yet.`,
    `Read from it with: ${bin} read ${stream} --offset ${offset}`,
  );
}

/**
 * A segment by its number. The manifest is asked by offsets, so this halves the stretch in which the segment can lie, a
 * page of rows at a time: of a million segments about ten requests find one.
 */
async function byNumber(
  operator: OperatorClient,
  stream: string,
  number: number,
  signal?: AbortSignal,
): Promise<SegmentRow | undefined> {
  const { hot } = await operator.map(stream, signal);
  let from: Position = 0;
  let until: Position = (parseOffset(hot.start) ?? 0) + 1;
  let guess: Position = 0;
  while (from < until) {
    const { segments } = await operator.segmentPage(stream, { from: formatOffset(guess) }, signal);
    const [first] = segments;
    const last = segments.at(-1);
    const found = segments.find((row) => row.number === number);
    if (found !== undefined) return found;
    if (first === undefined || last === undefined || first.number > number) until = guess;
    else from = Math.max(guess + 1, parseOffset(last.end) ?? until);
    guess = from + Math.floor((until - from) / 2);
  }
  return undefined;
}

/** The sealed segment that was asked for. `name` is the stream as the command line has it. */
export async function findSegment(
  operator: OperatorClient,
  stream: string,
  choice: SegmentChoice,
  { name, bin, signal }: { readonly name: string; readonly bin: string; readonly signal?: AbortSignal },
): Promise<SegmentRow> {
  const row =
    choice.by === "number"
      ? await byNumber(operator, stream, choice.number, signal)
      : await operator.segmentAt(stream, choice.offset, signal);
  if (choice.by === "number") {
    if (row?.state === "sealed") return row;
    if (row !== undefined) throw stillHot(row.start, name, bin);
    const { segments } = await operator.map(stream, signal);
    const range = segments.count === 0 ? "it has none yet" : `it has 0 to ${String(segments.count - 1)}`;
    throw notFound(
      `There is no segment ${String(choice.number)} in ${JSON.stringify(name)}: ${range}.`,
      `List them with: ${bin} inspect segments ${name}`,
    );
  }
  const { offset, position } = choice;
  if (row?.state === "sealed" && row.start <= offset && offset < row.end) return row;
  const { tail, hot, fork } = await operator.map(stream, signal);
  const holder = fork?.inherited.find(({ until }) => offset < until);
  if (holder !== undefined) {
    throw notFound(
      `The offset ${offset} is inherited: it is kept with ${visibleLine(holder.stream)}.`,
      `Read from it with: ${bin} read ${name} --offset ${offset}`,
    );
  }
  if (offset >= tail) {
    throw notFound(`The offset ${offset} is past the stream's last message.`, `The stream's tail is ${tail}.`);
  }
  if (position >= (parseOffset(hot.start) ?? 0)) throw stillHot(offset, name, bin);
  throw notFound(
    `No segment holds the offset ${offset}, and the hot log does not either.`,
    `Check the stream with: ${bin} inspect verify ${name}`,
  );
}
