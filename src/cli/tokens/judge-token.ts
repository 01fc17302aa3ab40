import { type ProtocolError, protocolError } from "../../protocol/errors.ts";
import { TOKEN_MAX_CHARACTERS } from "../../protocol/limits.ts";
import { keyId } from "../../protocol/secret.ts";
import {
  OPERATOR_TOKEN_TYPE,
  operatorProblem,
  parseClaims,
  type Scope,
  TOKEN_ALGORITHM,
  useProblem,
} from "../../protocol/token.ts";
import type { DecodedToken } from "./decode-token.ts";

export type TokenKind = "project" | "operator" | "other";

/** What is known of the signature: right, wrong, by a key that is none of those at hand, or not looked at without one. */
export type Signature = "verified" | "wrong" | "other-key" | "unchecked";

/** For what a token is to be judged. What is left out is not asked. */
export interface IntendedUse {
  readonly project?: string | undefined;
  /** A stream's name. */
  readonly stream?: string | undefined;
  readonly access?: Scope | undefined;
}

export interface Judgment {
  readonly kind: TokenKind;
  readonly signature: Signature;
  /** Everything that a server would refuse it for, in the order in which it looks: it answers the first. */
  readonly problems: readonly ProtocolError[];
}

interface Surroundings {
  /** Of the kind that the token is of. None: the signature is not checked. */
  readonly secrets: readonly string[];
  /** The server's, for operators' tokens. */
  readonly host: string;
  readonly nowSeconds: number;
  readonly use: IntendedUse;
}

export function tokenKind({ header }: DecodedToken): TokenKind {
  const { typ } = header;
  const name = typeof typ === "string" ? typ.toLowerCase() : typ;
  if (name === undefined || name === "jwt") return "project";
  return name === OPERATOR_TOKEN_TYPE ? "operator" : "other";
}

/** Looks at a token as a server would, with what is known here. */
export async function judgeToken(token: DecodedToken, surroundings: Surroundings): Promise<Judgment> {
  const kind = tokenKind(token);
  const form = formProblem(token, kind);
  const signature = form === undefined ? await checkSignature(token, kind, surroundings.secrets) : "unchecked";
  const problems = [form, signatureProblem(token, kind, signature), contentProblem(token, kind, surroundings)];
  return { kind, signature, problems: problems.filter((problem) => problem !== undefined) };
}

function formProblem({ text, header }: DecodedToken, kind: TokenKind): ProtocolError | undefined {
  if (text.length > TOKEN_MAX_CHARACTERS) {
    return protocolError(
      "TOKEN_MALFORMED",
      `The token has ${String(text.length)} characters, and ${String(TOKEN_MAX_CHARACTERS)} is the most.`,
    );
  }
  if (header["alg"] !== TOKEN_ALGORITHM) {
    return protocolError("TOKEN_ALGORITHM", `The token's \`alg\` is not ${TOKEN_ALGORITHM}.`);
  }
  if ("crit" in header) {
    return protocolError("TOKEN_MALFORMED", "The token's header has `crit`, and no extension is known.");
  }
  if (kind === "other") return protocolError("TOKEN_KIND", "The token's `typ` is of no kind that is accepted.");
  return undefined;
}

async function checkSignature(
  { text, header }: DecodedToken,
  kind: TokenKind,
  secrets: readonly string[],
): Promise<Signature> {
  if (secrets.length === 0) return "unchecked";
  const { kid } = header;
  const kids = await Promise.all(secrets.map(keyId));
  // There is one operator's secret, and nobody looks for it by its name.
  const isNamed = kid !== undefined && kind === "project";
  const candidates = secrets.filter((_secret, at) => !isNamed || kids[at] === kid);
  if (candidates.length === 0) return "other-key";
  const { compactVerify } = await import("jose/jws/compact/verify");
  for (const secret of candidates) {
    const key = new TextEncoder().encode(secret);
    const verified = await compactVerify(text, key, { algorithms: [TOKEN_ALGORITHM] }).catch(() => undefined);
    if (verified !== undefined) return "verified";
  }
  return "wrong";
}

function signatureProblem({ header }: DecodedToken, kind: TokenKind, signature: Signature): ProtocolError | undefined {
  if (signature === "verified" || signature === "unchecked") return undefined;
  const { kid } = header;
  if (signature === "wrong" && (kid !== undefined || kind === "operator")) {
    return protocolError(
      "TOKEN_SIGNATURE",
      "The token's signature is wrong: it was changed, or signed with another secret.",
    );
  }
  const by = typeof kid === "string" ? `the key ${kid}` : "a key that it does not name";
  return protocolError(
    "TOKEN_KEY_UNKNOWN",
    `The token was signed with ${by}, and the secret at hand is of another; a server accepts it only while it knows that key.`,
  );
}

function contentProblem(
  { claims }: DecodedToken,
  kind: TokenKind,
  { host, nowSeconds, use }: Surroundings,
): ProtocolError | undefined {
  if (kind === "other") return undefined;
  if (kind === "operator") return operatorProblem(claims, host, nowSeconds);
  const read = parseClaims(claims, nowSeconds);
  if (!read.ok) return read.error;
  const { sub, stream_id: streamId, stream_prefix: prefix } = read.value;
  // What is not asked is taken from the token itself, which allows it.
  const path = use.stream ?? streamId ?? prefix;
  return useProblem(read.value, { project: use.project ?? sub, path, access: use.access ?? "read" });
}
