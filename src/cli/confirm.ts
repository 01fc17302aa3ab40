import { createInterface } from "node:readline/promises";

/** Asks on stderr, so that stdout stays data. Only `y` and `yes` mean yes. Call it only where `mayAsk` allows. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
