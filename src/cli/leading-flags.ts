/** Global flags that are followed by their value. */
const WITH_VALUE: ReadonlySet<string> = new Set(["-C", "--context", "--url", "--project", "--token"]);
const ALONE: ReadonlySet<string> = new Set(["--json", "--no-input", "-q", "--quiet", "-v", "--verbose"]);

/** How many words at the beginning of the rest are one global flag, with its value. */
function flagLength(word: string): number {
  if (ALONE.has(word) || [...WITH_VALUE].some((name) => name.startsWith("--") && word.startsWith(`${name}=`))) return 1;
  return WITH_VALUE.has(word) ? 2 : 0;
}

/**
 * `-C prod read orders` for `read orders -C prod`: global flags may stand before the command too, where oclif looks for
 * its name. What follows `--` stays where it is.
 */
export function withFlagsBehind(argv: readonly string[]): readonly string[] {
  let at = 0;
  for (let length = flagLength(argv[0] ?? ""); length > 0; length = flagLength(argv[at] ?? "")) at += length;
  // Without a command there is nothing to put them behind.
  if (at === 0 || at >= argv.length) return argv;
  const rest = argv.slice(at);
  const end = rest.indexOf("--");
  const words = end === -1 ? rest : rest.slice(0, end);
  return [...words, ...argv.slice(0, at), ...rest.slice(words.length)];
}
