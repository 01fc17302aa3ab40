import { isProjectName } from "../../protocol/path.ts";
import { usageFailure } from "../command-failure.ts";

/** Refuses what cannot name a project. */
export function requireProjectName(name: string): string {
  if (isProjectName(name)) return name;
  throw usageFailure(
    `${JSON.stringify(name)} is not a project's name.`,
    'A project\'s name has 1 to 64 letters, digits, _ and -, begins with a letter or digit, and is not "stream".',
  );
}
