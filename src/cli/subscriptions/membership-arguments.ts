import { string as stringArg } from "@oclif/core/args";
import { usageFailure } from "../command-failure.ts";
import { refuseFlags, type CommandShape } from "../usage-error.ts";

export const MEMBERSHIP_ARGS = {
  id: stringArg({ required: true, ignoreStdin: true, description: "The subscription's id." }),
  stream: stringArg({ required: true, ignoreStdin: true, description: "The streams' names." }),
};

/** The streams behind the id: as many as were typed. */
export function streamsAfterId(argv: readonly unknown[], shape: CommandShape): readonly string[] {
  const words = argv.map(String);
  refuseFlags(words, shape);
  const streams = words.slice(1);
  if (streams.includes("")) throw usageFailure("A stream's name is empty.", "Leave it out.");
  return streams;
}
