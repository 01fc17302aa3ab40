/** What `dev` tells a person once the server answers. */
export interface WelcomeFacts {
  readonly url: string;
  /** Absolute. */
  readonly persistDir: string;
  /** The words that call this program in another terminal. */
  readonly program: string;
  readonly demo: boolean;
  /** Where commands look for a server when they are not told another. */
  readonly usualUrl: string;
}

/** Where the server is and three commands that work as they stand. */
export function devWelcome({ url, persistDir, program, demo, usualUrl }: WelcomeFacts): string {
  const at = url === usualUrl ? "" : ` --url ${url}`;
  const lines = [
    `Durable Streams at ${url}`,
    `Data in ${persistDir}`,
    "",
    "Try in a second terminal:",
    `  ${program} create hello --content-type application/json${at}`,
    `  printf '{"n":1}\\n{"n":2}\\n' | ${program} append hello${at}`,
    `  ${program} tail hello --from-start${at}`,
    "",
    ...(demo ? ["The stream demo gets a message every second. Watch it with:", `  ${program} tail demo${at}`, ""] : []),
    "Ctrl-C stops the server; the data stay.",
  ];
  return lines.join("\n");
}
