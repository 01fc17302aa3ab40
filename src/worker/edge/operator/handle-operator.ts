import { protocolError } from "../../../protocol/errors.ts";
import type { StreamContext } from "../context.ts";
import { respondError, respondMethodNotAllowed } from "../responses.ts";
import { respondInspection } from "./inspection.ts";
import { respondObjects } from "./objects.ts";
import { respondSegment } from "./segment.ts";
import { respondSegments } from "./segments.ts";
import { respondSweep } from "./sweep.ts";

interface Subject {
  readonly method: "GET" | "POST";
  readonly respond: (context: StreamContext) => Promise<Response>;
}

/** What operators can ask or have done about a stream, by the names in the URLs. */
const SUBJECTS = {
  inspect: { method: "GET", respond: respondInspection },
  segments: { method: "GET", respond: respondSegments },
  segment: { method: "GET", respond: respondSegment },
  objects: { method: "GET", respond: respondObjects },
  sweep: { method: "POST", respond: respondSweep },
} as const satisfies Record<string, Subject>;

export type OperatorSubject = keyof typeof SUBJECTS;

export function isOperatorSubject(name: string): name is OperatorSubject {
  return Object.hasOwn(SUBJECTS, name);
}

const CLOSED = protocolError(
  "OPERATOR_CLOSED",
  "The operator API of this server is closed. The server that durable-streams dev runs has it open.",
);

/**
 * A question of an operator (see `stream/inspect.ts`). Nothing decides yet about who is one, so the API is open only where
 * the variable `OPERATOR_API` says so, and there only to whom the Worker's own authorisation lets in. No page of another
 * site may use it or read its answers.
 */
export async function handleOperator(
  subject: OperatorSubject,
  context: StreamContext,
  operatorApi: string | undefined,
  authorize: (access: "read" | "mutation") => Promise<Response | undefined>,
): Promise<Response> {
  const { request } = context;
  if (operatorApi !== "open" || isFromAnotherSite(request)) return respondError(CLOSED);
  const { method, respond } = SUBJECTS[subject];
  if (request.method !== method) return respondMethodNotAllowed(request.method, method);
  const refusal = await authorize(method === "GET" ? "read" : "mutation");
  return refusal ?? respond(context);
}

/** Browsers say when a page of another site asks, whatever it asks for. */
function isFromAnotherSite(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site");
  return site === "cross-site" || site === "same-site";
}
