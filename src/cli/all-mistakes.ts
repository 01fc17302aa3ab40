import { CommandFailure, usageFailure } from "./command-failure.ts";

/** What functions give. */
type Given<F extends readonly (() => unknown)[]> = { [At in keyof F]: F[At] extends () => infer T ? T : never };

/**
 * What the functions give, each of which may find a mistake in the command line: all mistakes are told at once, so that
 * nobody mends one only to hear of the next.
 */
export function allOf<const F extends readonly (() => unknown)[]>(...functions: F): Given<F> {
  const mistakes: CommandFailure[] = [];
  const given = functions.map((find) => {
    try {
      return find();
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      mistakes.push(error);
      return undefined;
    }
  });
  const [first, ...others] = mistakes;
  if (first === undefined) return given as Given<F>;
  if (others.length === 0) throw first;
  const hints = mistakes.map(({ hint }) => hint).filter((hint) => hint !== undefined);
  throw usageFailure(mistakes.map(({ message }) => message).join(" "), hints.join("\n"));
}
