/** What a key press means in the live view. */
export type KeyAction = "leave";

interface KeyPress {
  readonly ctrl: boolean;
  readonly escape: boolean;
}

/** The key map: q, Escape and Ctrl-C leave. */
export function keyAction(input: string, key: KeyPress): KeyAction | undefined {
  if (key.escape || input === "q" || (key.ctrl && input === "c")) return "leave";
  return undefined;
}
