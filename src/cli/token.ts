import { usageFailure } from "./command-failure.ts";

/** Nothing of the kind is longer; more than this on stdin is something else that was piped in by mistake. */
const STDIN_MAX_BYTES = 16 * 1024;

/** Reads the token that `--token -` announces. */
export function readTokenFromStdin(): Promise<string> {
  return readFromStdin("token", "--token -");
}

/** Reads what `flag` announces: all of stdin, with the white space around it removed. */
export async function readFromStdin(what: "token" | "secret", flag: string): Promise<string> {
  if (process.stdin.isTTY) {
    throw usageFailure(
      `${flag} reads the ${what} from stdin, and stdin is a terminal.`,
      `Pipe it in: pass show ${what} | durable-streams ... ${flag}`,
    );
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > STDIN_MAX_BYTES) throw usageFailure(`What ${flag} read from stdin is too long to be a ${what}.`);
  }
  return Buffer.concat(pieces).toString("utf8").trim();
}

/** Refuses what cannot stand in a header; the value itself is never shown. */
export function requireToken(token: string): string {
  if (/^[\u0021-\u007e]+$/.test(token)) return token;
  throw usageFailure(
    "The token is empty or has characters that no token has, such as spaces or line breaks.",
    "Check --token or DURABLE_STREAMS_TOKEN; leave both out for a server that asks for none.",
  );
}
