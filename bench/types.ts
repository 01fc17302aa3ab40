/** A server under measurement. */
export interface Target {
  readonly name: string;
  /** Without a trailing slash. */
  readonly url: string;
}

/** How much is done; what is done is the same at every size. */
export interface Size {
  /** Rounds that count; one shorter round before them warms everything up. */
  readonly rounds: number;
  /** How long one server is loaded in one round of a scenario. */
  readonly loadMs: number;
  /** A scenario begins no further round after this time. */
  readonly scenarioMs: number;
  /** How often each command is started. */
  readonly starts: number;
  /** How many forks one stream gets. */
  readonly forks: number;
  /** Subscriptions to ten streams each. */
  readonly subscriptions: number;
}

/** What a figure has to reach, as a multiple of another server's figure in the same round, or as it is. */
export interface Aim {
  readonly of: "limit" | "ref" | "itself";
  readonly bound: number;
  /** Whether it is enough to be equal. */
  readonly strict?: boolean;
}

/** One figure that a scenario yields. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly better: "higher" | "lower";
  readonly aims: readonly Aim[];
}

/** The figures of one server in one round, by the key of the metric. */
export type Sample = Readonly<Record<string, number>>;

/**
 * One row of FIGURES.md. `prepare` is called once for each server. `run` throws when what the server did is not exactly
 * what was asked of it, so that a fast wrong answer is no figure.
 */
export interface Scenario {
  readonly key: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** Whether the platform's limit, which does nothing but insert, can be asked too. */
  readonly hasLimit: boolean;
  readonly prepare?: (target: Target) => Promise<void>;
  readonly run: (target: Target, loadMs: number) => Promise<Sample>;
}
