/** How a full-screen view runs. */
export interface ViewOptions {
  /** Aborted from outside, the view closes. */
  readonly signal: AbortSignal;
  readonly hasColours: boolean;
}

/** How it was left. */
export interface ViewEnd {
  /** By Ctrl-C or from outside, and not by a key that leaves. */
  readonly interrupted: boolean;
  /** For the screen that stays. */
  readonly farewell: string | undefined;
}

/** Whether a full-screen view has a person in front of it, on a terminal that can show one. */
export function isFullScreenTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && process.env["TERM"] !== "dumb" && !process.env["CI"];
}
