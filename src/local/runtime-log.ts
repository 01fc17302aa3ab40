import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { LogEntry, LogHandler, LogLevel } from "./options.ts";

const LEVELS: Readonly<Record<string, LogLevel>> = {
  error: "error",
  warn: "warn",
  warning: "warn",
  fatal: "error",
  debug: "debug",
};

/** What workerd appends to its own errors: addresses in its binary, of no use to anybody without its symbols. */
const NATIVE_STACK = /\s*\n?stack:(?:\s+\S*\b[0-9a-f]{4,}\b)+\s*$/;
/** Where in workerd's source the message comes from. */
const NATIVE_SOURCE = /\S+\.(?:c\+\+|h):\d+: (?:failed: |error: )?(?:remote\.)?(?:jsg\.)?/g;
const NOISE = /LLVM_SYMBOLIZER|took recursive isolate lock/;
/** A client went away in the middle of an answer, which is its right: a system call on its socket fails. */
const CLIENT_LEFT = /\S+\.(?:c\+\+|h):\d+: disconnected: ::\w+\(/;
const FATAL = "Fatal uncaught";
/** workerd's last words when its process may open no more files; each connection is one. */
const TOO_MANY_FILES = /Fatal uncaught .*Too many open files/;
const PORT_TAKEN = /Fatal uncaught .*Address already in use/;

/** Passes on every message that the runtime writes to its stdout or stderr, which are lines of JSON. */
export function readRuntimeLog(streams: readonly Readable[], log: LogHandler): void {
  for (const stream of streams) {
    createInterface({ input: stream }).on("line", (line) => {
      const entry = parseLine(line);
      if (entry !== undefined) log(entry);
    });
  }
}

/** Undefined for messages that nobody needs. A line that is not JSON comes from before the logger was set up. */
export function parseLine(line: string): LogEntry | undefined {
  const { level, text } = parseStructured(line) ?? { level: "error", text: line };
  if (CLIENT_LEFT.test(text) && !text.includes(FATAL)) return undefined;
  const message = text.replace(NATIVE_STACK, "").replace(NATIVE_SOURCE, "").trim();
  if (message === "" || NOISE.test(message)) return undefined;
  return { level: LEVELS[level] ?? "info", message };
}

/** Whether this is what workerd says when it dies of too many open files. */
export function tellsTooManyFiles({ message }: LogEntry): boolean {
  return TOO_MANY_FILES.test(message);
}

/** Whether this is what workerd says when it cannot listen because somebody else does. */
export function tellsPortTaken({ message }: LogEntry): boolean {
  return PORT_TAKEN.test(message);
}

function parseStructured(line: string): { level: string; text: string } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("level" in value) || !("message" in value)) return undefined;
    const { level, message } = value;
    return typeof level === "string" && typeof message === "string" ? { level, text: message } : undefined;
  } catch {
    return undefined;
  }
}
