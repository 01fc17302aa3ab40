// Commands that are killed in the middle of what they do.
import { once } from "node:events";
import { startCli } from "../../support/cli.ts";

/**
 * So many lines of its trace it may go on while the signal is on its way, and no more: a machine that is slow to send
 * it would let the command come to its end.
 */
const GOES_ON_LINES = 4;

/** Holds the command on the spot when its trace is so long. What the system does for it goes on. */
const HOLD = `
const write = process.stderr.write.bind(process.stderr);
let left = Number(process.env.TEST_HOLD_AT_LINE);
process.stderr.write = (text, ...rest) => {
  const isTaken = write(text, ...rest);
  left -= String(text).split("\\n").length - 1;
  if (left <= 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return isTaken;
};
`;

/**
 * Runs a command and kills it soon after a line of its trace, the first being 1: before a request, or when an answer's
 * head is there. Answers whether it was killed, and had not come to its end before that line.
 */
export async function killedAtLine(
  args: readonly string[],
  fatal: number,
  env: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const child = startCli(args, {
    env: {
      ...env,
      DURABLE_STREAMS_DEBUG: "api",
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HOLD)}`,
      TEST_HOLD_AT_LINE: String(fatal + GOES_ON_LINES),
    },
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  let traced = 0;
  child.stderr.on("data", (text: Buffer) => {
    traced += text.toString().split("\n").length - 1;
    if (traced >= fatal) child.kill("SIGKILL");
  });
  const [, signal] = await closed;
  return signal === "SIGKILL";
}
