import type { Server } from "node:http";

/**
 * Miniflare talks to its Workers through an HTTP server in this process, on a free port of 127.0.0.1. It asks nobody
 * for a name or a secret and writes files where it is told to, so any web page could write to the disk through it. What
 * we run needs nothing from it: it refuses every request.
 */
export function refuseEverything(server: Server): void {
  server.removeAllListeners("request");
  server.removeAllListeners("upgrade");
  server.on("request", (_request, response) => {
    response.writeHead(403, { connection: "close" }).end();
  });
  server.on("upgrade", (_request, socket) => {
    socket.destroy();
  });
}

/** Miniflare ends the process on SIGINT and SIGTERM. What these mean is for the program to decide, not for a library. */
export function keepSignals<T>(start: () => T): T {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const before = signals.map((signal) => new Set(process.listeners(signal)));
  const result = start();
  signals.forEach((signal, index) => {
    for (const listener of process.listeners(signal)) {
      if (before[index]?.has(listener) === false) process.removeListener(signal, listener);
    }
  });
  return result;
}
