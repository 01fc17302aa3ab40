import { protocolError, type ProtocolError } from "../../../protocol/errors.ts";
import { secretProblem } from "../../../protocol/secret.ts";
import { operatorRefusal } from "../../auth/operator-token.ts";
import { respondRefusal } from "../../auth/refusals.ts";
import type { BaseEnv } from "../../env.ts";
import { refuse, type Access, type Surroundings } from "../authorization.ts";
import { respondError } from "../responses.ts";
import type { OperatorRoute } from "./operator-route.ts";

/** What an operator's route asks of a request. */
export type OperatorGate =
  /** A token that was signed with the operator secret. */
  | { readonly kind: "token"; readonly secret: string }
  /** What the Worker's own authorisation asks of whoever reads or writes the stream. */
  | { readonly kind: "callbacks"; readonly doKey: string }
  | { readonly kind: "closed"; readonly error: ProtocolError };

/** What callbacks are asked about instead of a stream. No project is called like that. */
const METRICS_KEY = "__ds/metrics";

const CLOSED = protocolError(
  "OPERATOR_CLOSED",
  "The operator API of this server is closed: it has no operator secret. durable-streams deploy sets one, and dev --auth.",
);

const CROSS_SITE = protocolError(
  "OPERATOR_CLOSED",
  "The operator API is closed to pages of other sites; use a command, or a server of your own.",
);

/**
 * Decides what a route asks for. Where there is an operator secret, every route asks for a token. Without one, only what
 * is there about single streams, and metrics, can be open, where the variable `OPERATOR_API` says so: a server on one's own machine. No
 * page of another site may use the API or read its answers.
 */
export function operatorGate(
  route: OperatorRoute,
  request: Request,
  env: Pick<BaseEnv, "OPERATOR_SECRET" | "OPERATOR_API">,
): OperatorGate {
  if (isFromAnotherSite(request)) return { kind: "closed", error: CROSS_SITE };
  const { OPERATOR_SECRET: secret, OPERATOR_API: api } = env;
  if (secret !== undefined) return tokenGate(secret);
  if (api !== "open") return { kind: "closed", error: CLOSED };
  if (route.about === "metrics") return { kind: "callbacks", doKey: METRICS_KEY };
  return route.about === "stream" ? { kind: "callbacks", doKey: route.doKey } : { kind: "closed", error: CLOSED };
}

function tokenGate(secret: string): OperatorGate {
  const problem = secretProblem(secret, "operator");
  if (problem === undefined) return { kind: "token", secret };
  const message = `OPERATOR_SECRET is not usable. ${problem.message} Set it with: wrangler secret put OPERATOR_SECRET.`;
  return { kind: "closed", error: protocolError("INVALID_VARIABLE", message) };
}

/** The answer to a request that a gate does not let through. */
export async function refuseOperator<E extends BaseEnv>(
  gate: OperatorGate,
  access: Access,
  request: Request,
  url: URL,
  around: Surroundings<E>,
): Promise<Response | undefined> {
  switch (gate.kind) {
    case "closed":
      return respondError(gate.error);
    case "callbacks":
      return refuse(access, request, gate.doKey, around);
    case "token": {
      const error = await operatorRefusal(request, gate.secret, url.host);
      return error === undefined ? undefined : respondRefusal(error);
    }
  }
}

/** Browsers say when a page of another site asks, whatever it asks for. */
function isFromAnotherSite(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site");
  return site === "cross-site" || site === "same-site";
}
