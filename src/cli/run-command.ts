import { run } from "@oclif/core/run";
import { settings } from "@oclif/core/settings";

/**
 * Hands the command line to oclif. In a file of its own so that `--version` and a refusal never load oclif; a static
 * import, because a dynamic one of a CommonJS package loses its named exports in the bundle.
 */
export async function runCommand(argv: readonly string[], root: string): Promise<void> {
  // What is run is what was built. Otherwise NODE_ENV=development would have oclif look for TypeScript, and warn about it.
  settings.enableAutoTranspile = false;
  await run([...argv], { root });
}
