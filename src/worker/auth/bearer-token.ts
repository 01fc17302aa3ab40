import { compactVerify, decodeProtectedHeader, errors } from "jose";
import { protocolError, quote, type ProtocolError } from "../../protocol/errors.ts";
import { TOKEN_MAX_CHARACTERS } from "../../protocol/limits.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import { OPERATOR_TOKEN_TYPE, TOKEN_ALGORITHM } from "../../protocol/token.ts";

/** A token as it came in. Nothing of it has been verified: its header only tells which key to look for. */
export interface BearerToken {
  readonly text: string;
  /** The key it names, if it names one. */
  readonly kid: string | undefined;
}

/** What a token is for, told by its `typ`: none is ever taken for the other. */
export type TokenKind = "project" | "operator";

const BEARER = /^Bearer +([^\s]+) *$/i;
const JWT = /^[\w-]+\.[\w-]*\.[\w-]*$/;

/** Takes the token out of a request, and refuses one whose algorithm or kind no key here works with. */
export function bearerToken(authorization: string | null, kind: TokenKind): Parsed<BearerToken> {
  if (authorization === null || authorization === "") {
    return failed(
      protocolError("TOKEN_REQUIRED", "This needs a token; send it in the header Authorization, behind Bearer."),
    );
  }
  const text = BEARER.exec(authorization)?.[1];
  if (text === undefined || text.length > TOKEN_MAX_CHARACTERS || !JWT.test(text)) return failed(MALFORMED);
  const header = protectedHeader(text);
  // What an extension marked as critical asks for, nobody here understands (RFC 7515, section 4.1.11).
  if (header === undefined || header["crit"] !== undefined) return failed(MALFORMED);
  const { alg, kid } = header;
  if (alg !== TOKEN_ALGORITHM) {
    // Not everything that JSON can write has a text: {"toString":0} has none.
    const named = typeof alg === "string" ? quote(alg) : "no algorithm";
    return failed(
      protocolError("TOKEN_ALGORITHM", `The token is signed by ${named}; only ${TOKEN_ALGORITHM} is accepted.`),
    );
  }
  if (kindOf(header["typ"]) !== kind) return failed(wrongKind(kind));
  return parsed({ text, kid: typeof kid === "string" ? kid : undefined });
}

const MALFORMED = protocolError(
  "TOKEN_MALFORMED",
  "What came behind Authorization is no token: Bearer, and a JSON Web Token of three parts, are expected.",
);

function protectedHeader(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeProtectedHeader(text);
  } catch {
    return undefined;
  }
}

/** `typ` may be absent or a plain `JWT`, in any case (RFC 7519, section 5.1). */
function kindOf(typ: unknown): TokenKind | undefined {
  if (typ === undefined) return "project";
  if (typeof typ !== "string") return undefined;
  if (typ.toLowerCase() === "jwt") return "project";
  return typ.toLowerCase() === OPERATOR_TOKEN_TYPE ? "operator" : undefined;
}

function wrongKind(kind: TokenKind): ProtocolError {
  return protocolError(
    "TOKEN_KIND",
    kind === "project"
      ? "This token is not one of a project, and opens no stream; use one that a project's key signed."
      : "This token is not an operator's; use one that the deployment's operator secret signed.",
  );
}

/** Verifies the signature and gives what the token says; `undefined` when `secret` did not sign it. */
export async function verifiedPayload(
  { text }: BearerToken,
  secret: string,
): Promise<Parsed<Readonly<Record<string, unknown>>> | undefined> {
  try {
    const key = new TextEncoder().encode(secret);
    const { payload } = await compactVerify(text, key, { algorithms: [TOKEN_ALGORITHM] });
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(payload));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return failed(MALFORMED);
    return parsed(value as Record<string, unknown>);
  } catch (error) {
    return error instanceof errors.JWSSignatureVerificationFailed ? undefined : failed(MALFORMED);
  }
}
