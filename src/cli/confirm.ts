import { createInterface } from "node:readline/promises";
import { EXIT } from "./exit-codes.ts";

/** Asks on stderr, so that stdout stays data. Only `y` and `yes` mean yes. Call it only where `mayAsk` allows. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal's own Ctrl-C would leave the question unanswered forever; so would the end of the input.
  terminal.once("SIGINT", () => process.exit(EXIT.interrupted));
  terminal.once("close", () => process.exit(EXIT.interrupted));
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.removeAllListeners("close");
    terminal.close();
  }
}
