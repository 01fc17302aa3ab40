import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Server } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { refuseEverything } from "./miniflare-limits.ts";
import type { RuntimeHooks } from "./runtime-hooks.ts";

type SpawnedChild = ChildProcess & { readonly pid: number };

/** What Miniflare creates while it starts. */
export class Sightings implements RuntimeHooks {
  readonly #onPid: (pid: number) => void;
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> | undefined;
  #serverRefuses = false;

  constructor(onPid: (pid: number) => void) {
    this.#onPid = onPid;
  }

  onChild(child: ChildProcess): void {
    this.#child = child;
    this.#closed = once(child, "close").catch(() => undefined);
    child.once("spawn", () => {
      if (child.pid !== undefined) this.#onPid(child.pid);
    });
  }

  onServer(server: Server): void {
    refuseEverything(server);
    this.#serverRefuses = true;
  }

  /** A workerd that has ended has said why, but that may still be in its pipes, and then in the one that Miniflare adds. */
  async lastWords(): Promise<void> {
    if (this.#child === undefined || isRunning(this.#child)) return;
    await this.#closed;
    await nextTurn();
  }

  /** Rather no server than one whose runtime cannot be ended, or one with a door that stands open. */
  requireChild(): SpawnedChild {
    const child = this.#child;
    if (child !== undefined && hasPid(child) && this.#serverRefuses) return child;
    throw new Error(`this Node (${process.version}) does not report what Miniflare creates`);
  }
}

function hasPid(child: ChildProcess): child is SpawnedChild {
  return child.pid !== undefined;
}

/** Has been neither ended nor killed yet. */
export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
