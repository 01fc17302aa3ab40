import { protocolError, quote } from "../errors.ts";
import { parseOffset, type Position } from "../offset.ts";
import { failed, parsed, type Parsed } from "../result.ts";
import { invalid, isAbsent, isObject, parseList, parseName, parsePath, parsePaths, type Fields } from "./fields.ts";

/** Bodies of what is asked of a subscription that is there (sections 6.4, 7.1 and 7.2). */

/** Which wake a request is about. */
export interface WakeFields {
  readonly wakeId: string;
  readonly generation: number;
}

/** A stream and the last offset of it that was processed. */
interface Ack {
  readonly path: string;
  readonly offset: Position;
}

export interface AckFields extends WakeFields {
  /** Each stream once: the furthest of several acks of it. */
  readonly acks: readonly Ack[];
  /** Whether this ends the wake. */
  readonly done: boolean;
}

/** Of a callback or an ack. */
export function parseAckFields(fields: Fields): Parsed<AckFields> {
  const wake = parseWakeFields(fields);
  if (!wake.ok) return wake;
  const acks = isAbsent(fields["acks"]) ? parsed([]) : parseAcks(fields["acks"]);
  if (!acks.ok) return acks;
  const done = fields["done"];
  if (!isAbsent(done) && typeof done !== "boolean") return failed(invalid("The field `done` must be true or false."));
  return parsed({ ...wake.value, acks: acks.value, done: done ?? false });
}

/** Of a release, and of what acks. */
export function parseWakeFields(fields: Fields): Parsed<WakeFields> {
  const wakeId = parseName("wake_id", fields["wake_id"]);
  if (!wakeId.ok) return wakeId;
  const { generation } = fields;
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) {
    return failed(invalid("The field `generation` must be a whole number, the one that came with the wake."));
  }
  return parsed({ wakeId: wakeId.value, generation });
}

/** Of a claim: the name of the worker. */
export function parseWorker(fields: Fields): Parsed<string> {
  return parseName("worker", fields["worker"]);
}

/** Paths of streams to be linked explicitly, each once and in order. */
export function parseNewStreams(fields: Fields): Parsed<readonly string[]> {
  const paths = parsePaths("streams", fields["streams"]);
  if (!paths.ok || paths.value.length > 0) return paths;
  return failed(invalid("The field `streams` is an empty list; name at least one stream."));
}

function parseAcks(value: unknown): Parsed<readonly Ack[]> {
  const list = parseList("acks", value);
  if (!list.ok) return list;
  const acks = new Map<string, Position>();
  for (const entry of list.value) {
    const ack = parseAck(entry);
    if (!ack.ok) return ack;
    const { path, offset } = ack.value;
    acks.set(path, Math.max(acks.get(path) ?? offset, offset));
  }
  return parsed(Array.from(acks, ([path, offset]) => ({ path, offset })));
}

function parseAck(entry: unknown): Parsed<Ack> {
  if (!isObject(entry)) return failed(invalid("Every entry of `acks` must be an object with `stream` and `offset`."));
  const path = parsePath("acks.stream", entry["stream"]);
  if (!path.ok) return path;
  const text = entry["offset"];
  const offset = typeof text === "string" ? parseOffset(text) : undefined;
  if (offset !== undefined) return parsed({ path: path.value, offset });
  const shown = typeof text === "string" ? quote(text) : "no text";
  return failed(
    protocolError(
      "INVALID_OFFSET",
      `The offset to acknowledge of ${quote(path.value)} is ${shown}; send one that a read or a wake gave you.`,
    ),
  );
}
