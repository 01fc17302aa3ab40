import { AsyncLocalStorage } from "node:async_hooks";
import { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Server } from "node:http";

/** What Miniflare creates and does not hand out. */
export interface RuntimeHooks {
  /** Called for workerd before it is spawned; it has no pid yet. */
  onChild(child: ChildProcess): void;
  /** Called for Miniflare's own HTTP server before it listens. */
  onServer(server: Server): void;
}

const CHILD_CHANNEL = "child_process";
const LISTEN_CHANNEL = "tracing:net.server.listen:asyncStart";

const running = new AsyncLocalStorage<RuntimeHooks>();

/**
 * Runs `start` and reports the processes and servers created by it, and only by it: what the rest of this process does
 * meanwhile has another asynchronous context.
 */
export async function runWithHooks<T>(hooks: RuntimeHooks, start: () => Promise<T>): Promise<T> {
  subscribe(CHILD_CHANNEL, reportChild);
  subscribe(LISTEN_CHANNEL, reportServer);
  try {
    return await running.run(hooks, start);
  } finally {
    unsubscribe(CHILD_CHANNEL, reportChild);
    unsubscribe(LISTEN_CHANNEL, reportServer);
  }
}

function reportChild(message: unknown): void {
  if (!isObject(message) || !(message["process"] instanceof ChildProcess)) return;
  running.getStore()?.onChild(message["process"]);
}

function reportServer(message: unknown): void {
  if (!isObject(message) || !(message["server"] instanceof Server)) return;
  running.getStore()?.onServer(message["server"] as Server);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
