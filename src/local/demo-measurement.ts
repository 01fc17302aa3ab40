/** One reading of the demo's greenhouse. */
export interface Measurement {
  readonly time: string;
  readonly sensor: string;
  readonly celsius: number;
  /** Relative, in percent. */
  readonly humidity: number;
  readonly vent: "open" | "closed";
}

/** The heating goes on and off in this rhythm, so that a minute of watching shows the values move. */
const CYCLE_MS = 120_000;

/** A reading as it could be at that time: warm air is drier, and above 22.5 °C the vent opens. */
export function measureGreenhouse(now: Date, random: () => number): Measurement {
  const phase = Math.sin(((now.getTime() % CYCLE_MS) / CYCLE_MS) * 2 * Math.PI);
  const celsius = 21.5 + 2 * phase + noise(random, 0.15);
  const humidity = 58 - 6 * phase + noise(random, 0.5);
  return {
    time: now.toISOString(),
    sensor: "greenhouse-1",
    celsius: round(celsius),
    humidity: round(humidity),
    vent: celsius > 22.5 ? "open" : "closed",
  };
}

function noise(random: () => number, amplitude: number): number {
  return (random() * 2 - 1) * amplitude;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
