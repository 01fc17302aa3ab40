import { run } from "@oclif/core/run";

/**
 * Hands the command line to oclif. In a file of its own so that `--version` and a refusal never load oclif; a static
 * import, because a dynamic one of a CommonJS package loses its named exports in the bundle.
 */
export async function runCommand(argv: readonly string[], root: string): Promise<void> {
  await run([...argv], { root });
}
