import { countNumbers, decodeNumbers, encodedNumberBytes, encodeNumbers } from "../numbers.ts";
import { CHECKSUM_BYTES } from "./blocks.ts";

/** Messages that were stored together, as the index of a segment has them. */
export interface IndexedRun {
  readonly messages: number;
  /** Unix milliseconds. */
  readonly appendedAtMs: number;
}

/** What stands in a segment between payload and footer. */
export interface SegmentIndex {
  /** `project/path`. */
  readonly stream: string;
  readonly incarnation: string;
  readonly contentType: string;
  /** SHA-256 of each block of the payload. */
  readonly checksums: Uint8Array;
  readonly runs: readonly IndexedRun[];
  /** Byte length of every message. */
  readonly sizes: readonly number[];
}

/** How many of each the footer says there are. */
export interface IndexCounts {
  readonly blocks: number;
  readonly runs: number;
  readonly messages: number;
}

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();

/** An index as `docs/segment-format.md` lays it out: descriptor, checksums of the blocks, runs, sizes. */
export function encodeIndex({ stream, incarnation, contentType, checksums, runs, sizes }: SegmentIndex): Uint8Array {
  const descriptor = encoder.encode(JSON.stringify({ stream, incarnation, contentType }));
  const numbers = encodeNumbers(runs.flatMap(({ messages, appendedAtMs }) => [messages, appendedAtMs]));
  const encodedSizes = encodeNumbers(sizes);
  const parts = [descriptor, checksums, numbers, encodedSizes];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, LENGTH_BYTES));
  new DataView(bytes.buffer).setUint32(0, descriptor.byteLength);
  let at = LENGTH_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** Reads an index whose checksum was right; a string says how it contradicts the footer. */
export function decodeIndex(bytes: Uint8Array, counts: IndexCounts): SegmentIndex | string {
  const checksumsAt = LENGTH_BYTES + (bytes.byteLength < LENGTH_BYTES ? 0 : view(bytes).getUint32(0));
  const numbersAt = checksumsAt + counts.blocks * CHECKSUM_BYTES;
  if (numbersAt > bytes.byteLength) return "its index is shorter than the footer says";
  const descriptor = parseDescriptor(bytes.subarray(LENGTH_BYTES, checksumsAt));
  if (descriptor === undefined) return "its index does not name the stream it belongs to";
  const encodedNumbers = bytes.subarray(numbersAt);
  const numberCount = countNumbers(encodedNumbers);
  const runNumbers = 2 * counts.runs;
  // Counted first: a list of numbers takes many times the memory of its bytes.
  if (numberCount !== runNumbers + counts.messages) {
    return `its index has ${String(numberCount)} numbers for ${String(counts.runs)} runs and ${String(counts.messages)} messages`;
  }
  const numbers = decodeNumbers(encodedNumbers);
  if (!isShortestForm(numbers, encodedNumbers.byteLength)) {
    return "its index has numbers past 2^53 - 1, broken off, or longer than they need be";
  }
  const runs = Array.from({ length: counts.runs }, (_, i) => ({
    messages: numbers[2 * i] ?? 0,
    appendedAtMs: numbers[2 * i + 1] ?? 0,
  }));
  return {
    ...descriptor,
    checksums: bytes.subarray(checksumsAt, numbersAt),
    runs,
    sizes: numbers.slice(runNumbers),
  };
}

function isShortestForm(numbers: readonly number[], encodedBytes: number): boolean {
  if (!numbers.every((number) => Number.isSafeInteger(number))) return false;
  return numbers.reduce((bytes, number) => bytes + encodedNumberBytes(number), 0) === encodedBytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Descriptor = Pick<SegmentIndex, "stream" | "incarnation" | "contentType">;

function parseDescriptor(bytes: Uint8Array): Descriptor | undefined {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown;
    return isDescriptor(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Partial<Record<keyof Descriptor, unknown>>;
  return [fields.stream, fields.incarnation, fields.contentType].every((field) => typeof field === "string");
}
