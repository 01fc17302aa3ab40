// What `doctor --json` prints, and what tests ask of it.
import type { RunResult } from "../../support/cli.ts";

export interface CheckJson {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed" | "skipped";
  readonly detail: string;
  readonly mend?: string;
  readonly fixable: boolean;
  readonly fixed: boolean;
}

export interface Diagnosis {
  readonly code: number | null;
  readonly well: boolean;
  readonly checks: readonly CheckJson[];
}

export function diagnosisOf({ code, stdout }: RunResult): Diagnosis {
  return { code, ...(JSON.parse(stdout) as Omit<Diagnosis, "code">) };
}

/** The check of a name. */
export function check({ checks }: Diagnosis, name: string): CheckJson {
  const found = checks.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}

/** The names of those in a state. */
export function named({ checks }: Diagnosis, state: CheckJson["state"]): string[] {
  return checks.filter((each) => each.state === state).map(({ name }) => name);
}
