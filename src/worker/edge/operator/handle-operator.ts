import { protocolError } from "../../../protocol/errors.ts";
import type { StreamContext } from "../context.ts";
import { respondError, withoutSharing } from "../responses.ts";
import { respondInspection } from "./inspection.ts";
import { respondObjects } from "./objects.ts";
import { respondSegment } from "./segment.ts";
import { respondSegments } from "./segments.ts";

/** What the operator API tells of a stream, by the names in its URLs. */
const SUBJECTS = {
  inspect: respondInspection,
  segments: respondSegments,
  segment: respondSegment,
  objects: respondObjects,
} as const satisfies Record<string, (context: StreamContext) => Promise<Response>>;

export type OperatorSubject = keyof typeof SUBJECTS;

export function isOperatorSubject(name: string): name is OperatorSubject {
  return Object.hasOwn(SUBJECTS, name);
}

export const OPERATOR_METHODS = "GET";

const CLOSED = protocolError(
  "OPERATOR_CLOSED",
  "The operator API of this server is closed. The server that durable-streams dev runs has it open.",
);

/**
 * A question of an operator (see `stream/inspect.ts`). Nothing decides yet about who is one, so the API is open only where
 * the variable `OPERATOR_API` says so, and no page of another origin may read its answers.
 */
export async function handleOperator(
  subject: OperatorSubject,
  context: StreamContext,
  operatorApi: string | undefined,
): Promise<Response> {
  if (operatorApi !== "open") return withoutSharing(respondError(CLOSED));
  return withoutSharing(await SUBJECTS[subject](context));
}
