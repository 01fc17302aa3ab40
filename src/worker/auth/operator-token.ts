import { protocolError, type ProtocolError } from "../../protocol/errors.ts";
import { operatorProblem } from "../../protocol/token.ts";
import { bearerToken, verifiedPayload } from "./bearer-token.ts";

const WRONG_SIGNATURE = protocolError(
  "TOKEN_SIGNATURE",
  "The token was not signed with this deployment's operator secret; check which deployment it is for.",
);

/** Why a request is not an operator's, or `undefined` when it is one. `host` is the one the request was addressed to. */
export async function operatorRefusal(
  request: Request,
  secret: string,
  host: string,
): Promise<ProtocolError | undefined> {
  const token = bearerToken(request.headers.get("Authorization"), "operator");
  if (!token.ok) return token.error;
  const payload = await verifiedPayload(token.value, secret);
  if (payload === undefined) return WRONG_SIGNATURE;
  return payload.ok ? operatorProblem(payload.value, host, Date.now() / 1000) : payload.error;
}
