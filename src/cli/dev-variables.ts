import { parseSegmentLimits } from "../protocol/segment/limits.ts";
import { usageFailure } from "./command-failure.ts";

const VARIABLE = /^([A-Za-z_]\w*)=(.*)$/s;

/** What the Worker reads. */
const KNOWN: readonly string[] = ["DEBUG_TIMING", "SEGMENT_MAX_MESSAGES", "SEGMENT_MAX_BYTES"];

/**
 * `NAME=VALUE` pairs; of one name given twice the last counts. A value that the Worker would refuse with every answer is
 * refused here, in the same words.
 */
export function parseVariables(pairs: readonly string[]): Record<string, string> {
  const variables = Object.fromEntries(pairs.map(parseVariable));
  const limits = parseSegmentLimits(variables);
  if (!limits.ok) throw usageFailure(limits.error.message, "Correct it in --var.");
  return variables;
}

function parseVariable(pair: string): [name: string, value: string] {
  const [, name, value] = VARIABLE.exec(pair) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw usageFailure(`--var "${pair}" is not a NAME=VALUE pair.`, "Write for example --var DEBUG_TIMING=1.");
}

/** One sentence for each variable that will do nothing. It is set all the same: the Worker may be a newer one. */
export function variableWarnings(names: readonly string[]): string[] {
  const known = `Variables with an effect: ${KNOWN.join(", ")}.`;
  return names
    .filter((name) => !KNOWN.includes(name))
    .map((name) => `--var ${name} is not a variable that the Worker knows. ${known}`);
}
