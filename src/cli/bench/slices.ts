/** One slice of time: which of the servers writes, for how long. */
export interface Slice {
  readonly server: number;
  readonly durationMs: number;
  readonly isMeasured: boolean;
}

const SLICES_MIN = 2;
const SLICES_MAX = 10;

/**
 * The order of things: every server is warmed up, then they take turns, each round in the other order than the one before.
 * One server alone has one slice.
 */
export function slicesOf(servers: number, durationSeconds: number, warmupSeconds: number): readonly Slice[] {
  const order = Array.from({ length: servers }, (_, server) => server);
  const rounds = servers === 1 ? 1 : Math.min(SLICES_MAX, Math.max(SLICES_MIN, Math.floor(durationSeconds)));
  const warmups = order.map((server) => ({ server, durationMs: warmupSeconds * 1_000, isMeasured: false }));
  const durationMs = (durationSeconds * 1_000) / rounds;
  const measured = Array.from({ length: rounds }, (_, round) =>
    (round % 2 === 0 ? order : order.toReversed()).map((server) => ({ server, durationMs, isMeasured: true })),
  ).flat();
  return [...(warmupSeconds > 0 ? warmups : []), ...measured];
}
