import { errorStatus, type ProtocolError } from "../../protocol/errors.ts";
import { respondError } from "../edge/responses.ts";

const REALM = 'Bearer realm="durable-streams"';

/** The answer to a request whose token does not do, with the challenge of RFC 6750, section 3. */
export function respondRefusal(error: ProtocolError): Response {
  return respondError(error, { "WWW-Authenticate": challenge(error) });
}

function challenge({ code, message }: ProtocolError): string | undefined {
  const status = errorStatus(code);
  if (status === 401) {
    return code === "TOKEN_REQUIRED"
      ? REALM
      : `${REALM}, error="invalid_token", error_description="${described(message)}"`;
  }
  return status === 403 ? `${REALM}, error="insufficient_scope", error_description="${described(message)}"` : undefined;
}

/** A description has neither quotes nor backslashes, and visible ASCII only (RFC 6750, section 3). */
function described(message: string): string {
  return message.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}
