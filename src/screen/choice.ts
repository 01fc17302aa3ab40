/** The chosen one of a list whose items are one row high, and the item at the top of the screen. */
export interface Choice {
  readonly index: number;
  readonly top: number;
}

/** With another one chosen: the screen moves no further than that takes, and is never half empty without need. */
export function chose({ top }: Choice, index: number, count: number, room: number): Choice {
  const chosen = Math.max(0, Math.min(index, count - 1));
  const least = Math.max(0, chosen - room + 1);
  const most = Math.max(0, Math.min(chosen, count - room));
  return { index: chosen, top: Math.max(least, Math.min(top, most)) };
}
