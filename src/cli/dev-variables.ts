import { SEGMENT_MAX_BYTES_DEFAULT, SEGMENT_MAX_MESSAGES_DEFAULT } from "../protocol/limits.ts";
import { parseSegmentLimits } from "../protocol/segment/limits.ts";
import { usageFailure } from "./command-failure.ts";

const VARIABLE = /^([A-Za-z_]\w*)=(.*)$/s;

/** What the Worker reads, with what it takes when it is not told. */
const KNOWN = {
  DEBUG_TIMING: "0; 1 sends Server-Timing with every answer",
  SEGMENT_MAX_MESSAGES: String(SEGMENT_MAX_MESSAGES_DEFAULT),
  SEGMENT_MAX_BYTES: String(SEGMENT_MAX_BYTES_DEFAULT),
} as const;

/** The variables and their defaults, a line each, for help. */
export const VARIABLES_HELP = Object.entries(KNOWN)
  .map(([name, byDefault]) => `  ${name.padEnd(21)} default ${byDefault}`)
  .join("\n");

/** `NAME=VALUE` pairs. A value that the Worker would refuse with every answer, or take for none, is refused here. */
export function parseVariables(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map(parseVariable);
  const twice = entries.find(([name], i) => entries.findIndex(([other]) => other === name) < i);
  if (twice !== undefined) throw usageFailure(`--var ${twice[0]} is given more than once.`, "Leave out all but one.");
  return requireMeaning(Object.fromEntries(entries), "--var");
}

/** `source` is where the variables stand, such as `--var`. */
export function requireMeaning(variables: Record<string, string>, source: string): Record<string, string> {
  const { DEBUG_TIMING: timing = "" } = variables;
  if (!["", "0", "1"].includes(timing)) {
    throw usageFailure(
      `${source} DEBUG_TIMING=${timing} has no meaning.`,
      "Set it to 1, or to 0, which is the default.",
    );
  }
  const limits = parseSegmentLimits(variables);
  if (!limits.ok) throw usageFailure(limits.error.message, `Correct it in ${source}.`);
  return variables;
}

function parseVariable(pair: string): [name: string, value: string] {
  const [, name, value] = VARIABLE.exec(pair) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw usageFailure(`--var "${pair}" is not a NAME=VALUE pair.`, "Write for example --var DEBUG_TIMING=1.");
}

/** One sentence for each variable that will do nothing. It is set all the same: the Worker may be a newer one. */
export function variableWarnings(names: readonly string[]): string[] {
  const known = `Variables with an effect: ${Object.keys(KNOWN).join(", ")}.`;
  return names
    .filter((name) => !Object.hasOwn(KNOWN, name))
    .map((name) => `--var ${name} is not a variable that the Worker knows. ${known}`);
}
