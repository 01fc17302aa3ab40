import { isUtf8 } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { Answer } from "../../client/transport.ts";
import { isClosedHeader, STREAM_CLOSED } from "../../protocol/headers.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { DataOutput } from "../reading/data-output.ts";

/** An answer as `--json` shows it. The body is text if it is UTF-8, and base64 otherwise. */
export interface PrintedAnswer {
  readonly status: number;
  readonly headers: Answer["headers"];
  readonly body?: string;
  readonly base64?: string;
}

/** Prints an answer while it arrives, with its status and headers before it where they are wanted. */
export async function printAnswer(answer: Answer, output: DataOutput, withHead: boolean): Promise<void> {
  if (withHead) await output.write(head(answer));
  for await (const piece of answer.body) await output.write(piece);
}

function head({ status, headers }: Answer): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}\n`),
  );
  return `${String(status)} ${STATUS_CODES[status] ?? ""}`.trimEnd() + `\n${lines.join("")}\n`;
}

/** Takes an answer whole. */
export async function collectAnswer({ status, headers, body }: Answer): Promise<PrintedAnswer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const content = isUtf8(bytes) ? { body: bytes.toString("utf8") } : { base64: bytes.toString("base64") };
  return { status, headers, ...content };
}

const BAD_REQUEST = 400;
const SERVER_FAILED = 500;
const EXIT_BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  409: EXIT.conflict,
  410: EXIT.notFound,
  429: EXIT.retry,
};

/** What the status of an answer comes to for a script. */
export function exitCodeOf(answer: Pick<Answer, "status" | "header">): ExitCode {
  const { status } = answer;
  if (status < BAD_REQUEST) return EXIT.done;
  if (status >= SERVER_FAILED) return EXIT.retry;
  if (status === 409 && isClosedHeader(answer.header(STREAM_CLOSED))) return EXIT.closed;
  return EXIT_BY_STATUS[status] ?? EXIT.failure;
}
