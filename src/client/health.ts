import { RESERVED_SEGMENT } from "../protocol/path.ts";
import { answerError } from "./answer-error.ts";
import { isText, objectOf, optional } from "./answer-shape.ts";
import { MalformedAnswerError } from "./errors/malformed-answer-error.ts";
import { readJson } from "./read-json.ts";
import type { Transport } from "./transport.ts";

/** What one of our servers says of itself. */
export interface ServerHealth {
  /** Of the package that its Worker was built from. */
  readonly version: string;
  /** Who may use streams, told to operators: `project` for holders of projects' tokens, `none` for everybody. */
  readonly auth?: string | undefined;
}

const HEALTH = objectOf({ version: isText, auth: optional(isText) });
const ANSWER_MAX_BYTES = 64 * 1024;

/** Asks a server how it is, once; anybody may. `server` is a URL of which the origin counts. */
export function serverHealth(transport: Transport, server: string, signal?: AbortSignal): Promise<ServerHealth> {
  return health(transport, new URL("/v1/health", server).href, "Asking for the health of", signal);
}

/** The same as an operator, once: it also tells whether the server takes the transport's token. */
export function operatorHealth(transport: Transport, server: string, signal?: AbortSignal): Promise<ServerHealth> {
  const url = new URL(`/v1/${RESERVED_SEGMENT}/health`, server).href;
  return health(transport, url, "Asking as an operator for the health of", signal);
}

async function health(transport: Transport, url: string, doing: string, signal?: AbortSignal): Promise<ServerHealth> {
  const answer = await transport.send({ method: "GET", url, signal });
  const { origin } = new URL(url);
  if (answer.status !== 200) throw await answerError(answer, origin, doing);
  const value = await readJson(answer, ANSWER_MAX_BYTES);
  if (isHealth(value)) return value;
  const message = `${doing} ${origin} got an answer that is not one of a durable-streams server.`;
  throw new MalformedAnswerError({ url: origin, status: 200, code: "UNEXPECTED_ANSWER", message });
}

function isHealth(value: unknown): value is ServerHealth {
  return HEALTH(value);
}
