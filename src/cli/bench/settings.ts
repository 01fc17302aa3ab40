import { BODY_MAX_BYTES } from "../../protocol/limits.ts";
import { usageFailure } from "../command-failure.ts";
import { MESSAGE_MIN_BYTES } from "./message.ts";

/** The ways of reading that can be measured. */
export const READER_MODES = ["sse", "long-poll"] as const;
export type ReaderMode = (typeof READER_MODES)[number];
export type ReaderCounts = Readonly<Record<ReaderMode, number>>;

/** What is to be done to a server. */
export interface LoadSettings {
  /** Appends a second, of all writers together; 0 is as fast as the answers come. */
  readonly rate: number;
  /** Of one message, in bytes. */
  readonly size: number;
  /** Messages in one append. */
  readonly batch: number;
  readonly writers: number;
  readonly readers: ReaderCounts;
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  /** Send every append under a producer's number, and again until it is surely there once. */
  readonly idempotent: boolean;
}

/** More would measure this process. */
const READERS_MAX = 1_000;

const HINT = "Write it like --readers sse=10,long-poll=5; --readers sse=0 reads nothing.";

const isMode = (name: string | undefined): name is ReaderMode => READER_MODES.some((mode) => mode === name);

/** `sse=10,long-poll=5` as numbers; a mode that is not named has no readers. */
export function parseReaders(text: string): ReaderCounts {
  const counts: Record<ReaderMode, number> = { sse: 0, "long-poll": 0 };
  const named = new Set<ReaderMode>();
  for (const part of text.split(",")) {
    const [, name, digits] = /^\s*([a-z-]+)=(\d{1,6})\s*$/.exec(part) ?? [];
    if (!isMode(name))
      throw usageFailure(`--readers ${JSON.stringify(text)} is not a number of readers by mode.`, HINT);
    if (named.has(name)) throw usageFailure(`--readers ${JSON.stringify(text)} names ${name} twice.`, HINT);
    named.add(name);
    counts[name] = Number(digits);
  }
  const total = counts.sse + counts["long-poll"];
  if (total > READERS_MAX) {
    throw usageFailure(`--readers asks for ${String(total)} readers: the most is ${String(READERS_MAX)}.`, HINT);
  }
  return counts;
}

/** Throws what keeps settings from being carried out. */
export function checkSettings({ size, batch, durationSeconds, warmupSeconds }: LoadSettings): void {
  if (size < MESSAGE_MIN_BYTES) {
    throw usageFailure(
      `--size ${String(size)} is too small: the least is ${String(MESSAGE_MIN_BYTES)}, for what proves a message's delivery.`,
    );
  }
  if (size * batch > BODY_MAX_BYTES) {
    throw usageFailure(
      `${String(batch)} messages of ${String(size)} bytes make appends of more than ${String(BODY_MAX_BYTES)} bytes.`,
      "Make --batch or --size smaller.",
    );
  }
  if (durationSeconds < 1 || durationSeconds > DURATION_MAX_SECONDS) {
    throw usageFailure("--duration has to be from 1s to 7d.");
  }
  if (warmupSeconds > DURATION_MAX_SECONDS) throw usageFailure("--warmup has to be from 0s to 7d.");
}

const DURATION_MAX_SECONDS = 7 * 86_400;
