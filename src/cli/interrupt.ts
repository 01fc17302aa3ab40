import { EXIT, type ExitCode } from "./exit-codes.ts";

/** npm passes on a Ctrl-C that the terminal has sent to this process already: two this close are one. */
const ONE_KEYSTROKE_MS = 200;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** What a command that was ended exits with: it tells which signal came. */
  readonly exitCode: ExitCode;
  dispose(): void;
}

/**
 * Ctrl-C and SIGTERM in order: the first aborts the signal, so that the command can finish the write under way and save
 * its checkpoint; a further one ends the process on the spot, unless `insist` says that the command ends by itself now.
 * `dispose` gives both signals back their default effect.
 */
export function interruptSignal(insist: () => boolean = () => false): Interrupt {
  const controller = new AbortController();
  let firstAt = 0;
  let exitCode: ExitCode = EXIT.interrupted;
  const end = (code: ExitCode): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      exitCode = code;
      controller.abort();
    } else if (performance.now() - firstAt > ONE_KEYSTROKE_MS && !insist()) {
      process.exit(code);
    }
  };
  const interrupt = (): void => {
    end(EXIT.interrupted);
  };
  const terminate = (): void => {
    end(EXIT.terminated);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    dispose() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
    },
  };
}
