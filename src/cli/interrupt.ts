import { EXIT } from "./exit-codes.ts";

/**
 * Ctrl-C and SIGTERM in order: the first aborts the signal, so that the command can finish the write under way and save
 * its checkpoint; a second ends the process on the spot. `dispose` gives both signals back their default effect.
 */
export function interruptSignal(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    dispose() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}
