import { setTimeout as delay } from "node:timers/promises";
import { LocalServerError } from "./local-server-error.ts";
import { isRunning } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

const CHECK_INTERVAL_MS = 10;
const PATIENCE_MS = 2_000;

/**
 * Ends the runtime of a server that was killed, and answers once it is gone: two runtimes on the same files would ruin
 * them. It is not our child, so its end can only be seen by looking.
 */
export async function endOrphan(runtime: ProcessIdentity): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (await isRunning(runtime)) {
    if (performance.now() > deadline) {
      throw new LocalServerError(
        "folder_in_use",
        `The runtime of a killed server (pid ${runtime.pid}) still has this folder open and cannot be ended.`,
        `End it with: kill -9 ${runtime.pid}`,
      );
    }
    kill(runtime.pid);
    await delay(CHECK_INTERVAL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already, or not ours to end: the caller looks again either way.
  }
}
