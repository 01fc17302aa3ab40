import path from "node:path";

/** A module that Miniflare is given instead of a file. */
interface EntryModule {
  readonly type: "ESModule";
  readonly path: string;
  readonly contents: string;
}

/**
 * The Worker of a file, where every request first waits for the runtime to look at its sockets. By itself workerd does so
 * only when it has nothing else to do. Busy connections whose next request is there in time keep it from that, and those
 * that came a moment late stay unread, until their 5 s for a next request are over and they are closed without an answer.
 * Timers fire after the sockets were asked, so nobody's next request is begun before everybody's was seen.
 */
export function entryModule(workerFile: string): EntryModule {
  const worker = JSON.stringify(`./${path.basename(workerFile)}`);
  const contents = `
    import worker from ${worker};
    export * from ${worker};
    export default {
      ...worker,
      async fetch(request, env, ctx) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        return worker.fetch(request, env, ctx);
      },
    };
  `;
  // Beside the Worker, of which it imports by a relative name; there is no such file.
  return { type: "ESModule", path: path.join(path.dirname(workerFile), "local-entry.js"), contents };
}
