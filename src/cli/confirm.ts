import { ask } from "./ask.ts";

/** Asks on stderr, so that stdout stays data. Only `y` and `yes` mean yes. Call it only where `mayAsk` allows. */
export async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`));
}
