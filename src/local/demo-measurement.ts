/** One reading of the demo's greenhouse. */
export interface Measurement {
  /** Of the day, in UTC. */
  readonly time: string;
  readonly celsius: number;
  readonly vent: "open" | "closed";
}

/** The heating goes on and off in this rhythm, so that a minute of watching shows the values move. */
const CYCLE_MS = 120_000;

/** A reading as it could be at that time: above 22.5 °C the vent opens. */
export function measureGreenhouse(now: Date, random: () => number): Measurement {
  const phase = Math.sin(((now.getTime() % CYCLE_MS) / CYCLE_MS) * 2 * Math.PI);
  const celsius = 21.5 + 2 * phase + noise(random, 0.15);
  return {
    time: now.toISOString().slice(11, 19),
    celsius: Math.round(celsius * 10) / 10,
    vent: celsius > 22.5 ? "open" : "closed",
  };
}

function noise(random: () => number, amplitude: number): number {
  return (random() * 2 - 1) * amplitude;
}
