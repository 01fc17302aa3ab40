/** What ink says of a key. */
interface KeyPress {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

const NAMED: readonly (readonly [keyof KeyPress, string])[] = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "return"],
  ["escape", "escape"],
  // Terminals send DEL for the key that erases to the left.
  ["backspace", "backspace"],
  ["delete", "backspace"],
];

/** A key that has a name, or text that was typed or pasted. */
export type Press = { readonly name: string } | { readonly text: string };

export function pressOf(input: string, key: KeyPress): Press {
  const named = NAMED.find(([flag]) => key[flag]);
  if (named !== undefined) return { name: named[1] };
  if (key.tab) return { name: key.shift ? "shift-tab" : "tab" };
  if (key.ctrl) return { name: `ctrl-${input}` };
  return { text: key.meta ? "" : input };
}

/** A line of a key map: what the help, the documentation and the screen itself go by. */
export interface Binding<Action extends string> {
  readonly action: Action;
  /** Characters, and names as `pressOf` gives them. */
  readonly keys: readonly string[];
  readonly shown: string;
  readonly help: string;
}

/** Makes a function that finds what a key does. */
export function actionFinder<Action extends string>(
  bindings: readonly Binding<Action>[],
): (key: string) => Action | undefined {
  const actions = new Map(bindings.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)));
  return (key) => actions.get(key);
}
