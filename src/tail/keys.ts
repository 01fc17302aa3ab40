/** How the person ends the live view: in peace, or by an interruption, which the exit code tells. */
export type KeyAction = "leave" | "interrupt";

interface KeyPress {
  readonly ctrl: boolean;
  readonly escape: boolean;
}

/** The key map: q and Escape leave, Ctrl-C interrupts. */
export function keyAction(input: string, key: KeyPress): KeyAction | undefined {
  if (key.ctrl && input === "c") return "interrupt";
  return key.escape || input === "q" ? "leave" : undefined;
}
