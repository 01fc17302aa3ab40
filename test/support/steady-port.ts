// A port for a server that goes away and comes back, or that is named before it is started.
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below those that a system gives to whoever wants any port, 32768 on Linux and 49152 elsewhere: such a one may be
 * another's by the time that it is needed again.
 */
const FIRST = 20_000;
/** How many each worker of Vitest has to itself. */
const SHARE = 500;
const WORKERS = 20;

const start = FIRST + (Number(process.env["VITEST_POOL_ID"] ?? 0) % WORKERS) * SHARE;
/** Another run of the tests on this machine begins elsewhere. */
let next = Math.floor(Math.random() * SHARE);

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}

/** One where nobody listens on 127.0.0.1, and that is nobody else's for as long as this worker runs. */
export async function steadyPort(): Promise<number> {
  for (let tried = 0; tried < SHARE; tried++) {
    const port = start + (next++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`every port from ${String(start)} to ${String(start + SHARE - 1)} is taken`);
}
