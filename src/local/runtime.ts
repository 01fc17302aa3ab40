import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { keepSignals } from "./miniflare-limits.ts";
import { readRuntimeLog, tellsPortTaken, tellsTooManyFiles } from "./runtime-log.ts";
import { runWithHooks } from "./runtime-hooks.ts";
import { runtimeOptions } from "./runtime-options.ts";
import { isRunning, Sightings } from "./sightings.ts";
import { startRuntimeGuard } from "./runtime-guard.ts";
import type { LogHandler, RuntimeDeath } from "./options.ts";
import type { RuntimeConfig } from "./runtime-options.ts";
import type { Miniflare } from "miniflare";

/** A workerd that listens. */
export interface Runtime {
  readonly pid: number;
  /** Resolves when workerd ends without `stop()` having been called. */
  readonly died: Promise<RuntimeDeath>;
  /** Ends workerd at once, whatever connections are open. */
  stop(): Promise<void>;
}

/** Somebody bound the port between our look at it and the runtime's own attempt. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

/** Miniflare as it is imported; taking it as an argument lets the import run beside other work. */
export type MiniflareModule = typeof import("miniflare");

/** Miniflare's own way of stopping takes milliseconds; past this workerd is killed without it. */
const STOP_PATIENCE_MS = 2_000;

/**
 * Starts workerd with the Worker in it.
 * @throws PortTakenError, or Miniflare's own error, when it does not come up; by then nothing is left running.
 */
export async function startRuntime(
  { Miniflare }: MiniflareModule,
  config: RuntimeConfig,
  log: LogHandler,
): Promise<Runtime> {
  const guard = startRuntimeGuard();
  const seen = new Sightings(guard.watch);
  const { options, workerName } = runtimeOptions(config);
  let tooManyFiles = false;
  let portTaken = false;
  const listen: LogHandler = (entry) => {
    tooManyFiles ||= tellsTooManyFiles(entry);
    portTaken ||= tellsPortTaken(entry);
    log(entry);
  };
  const create = async (): Promise<Runtime> => {
    const miniflare = new Miniflare({
      ...options,
      handleRuntimeStdio: (stdout, stderr) => {
        readRuntimeLog([stdout, stderr], listen);
      },
    });
    try {
      await miniflare.unsafeGetDirectURL(workerName);
      return supervise(miniflare, seen, guard.dismiss, () => tooManyFiles);
    } catch (error) {
      await miniflare.dispose().catch(() => undefined);
      await seen.lastWords();
      // Miniflare knows this error too, but only if it happened to read the message before it saw the end.
      throw portTaken ? new PortTakenError(`the port ${String(config.port)} is taken`, { cause: error }) : error;
    }
  };
  try {
    return await keepSignals(() => runWithHooks(seen, create));
  } catch (error) {
    guard.dismiss();
    throw error;
  }
}

function supervise(
  miniflare: Miniflare,
  seen: Sightings,
  dismissGuard: () => void,
  hadTooManyFiles: () => boolean,
): Runtime {
  const child = seen.requireChild();
  let stopping: Promise<void> | undefined;
  const died = new Promise<RuntimeDeath>((resolve) => {
    child.once("exit", (exitCode, signal) => {
      dismissGuard();
      if (stopping !== undefined) return;
      // Disposing in this very turn also keeps Miniflare from starting another workerd in its place.
      stopping = miniflare.dispose().catch(() => undefined);
      void Promise.all([stopping, seen.lastWords()]).then(() => {
        resolve({ exitCode, signal, tooManyFiles: hadTooManyFiles() });
      });
    });
  });
  return {
    pid: child.pid,
    died,
    stop: () => (stopping ??= end(miniflare, child)),
  };
}

async function end(miniflare: Miniflare, child: ChildProcess): Promise<void> {
  const exited = isRunning(child) ? once(child, "exit") : undefined;
  const kill = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  try {
    // Disposing also closes servers and pools of Miniflare, which may wait; all that counts is that workerd is gone.
    await Promise.all([exited, Promise.race([miniflare.dispose(), exited])]);
  } finally {
    clearTimeout(kill);
  }
}
