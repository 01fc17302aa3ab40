import { EXIT } from "./exit-codes.ts";

/** npm passes on a Ctrl-C that the terminal has sent to this process already: two this close are one. */
const ONE_KEYSTROKE_MS = 200;

/**
 * Ctrl-C and SIGTERM in order: the first aborts the signal, so that the command can finish the write under way and save
 * its checkpoint; a second ends the process on the spot. `dispose` gives both signals back their default effect.
 */
export function interruptSignal(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let firstAt = 0;
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > ONE_KEYSTROKE_MS) {
      process.exit(EXIT.interrupted);
    }
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
