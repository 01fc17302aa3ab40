/** Milliseconds since the epoch, of a clock that never goes back. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
