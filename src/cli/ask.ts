import { createInterface } from "node:readline/promises";
import { EXIT } from "./exit-codes.ts";

/** Asks for a line on stderr, so that stdout stays data. Call it only where `mayAsk` allows. */
export async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal's own Ctrl-C would leave the question unanswered forever; so would the end of the input.
  terminal.once("SIGINT", () => process.exit(EXIT.interrupted));
  terminal.once("close", () => process.exit(EXIT.interrupted));
  try {
    return (await terminal.question(`${question} `)).trim();
  } finally {
    terminal.removeAllListeners("close");
    terminal.close();
  }
}
