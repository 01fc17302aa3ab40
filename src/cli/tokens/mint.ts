import { keyId } from "../../protocol/secret.ts";
import { OPERATOR_AUDIENCE, OPERATOR_TOKEN_TYPE, type Scope, TOKEN_ALGORITHM } from "../../protocol/token.ts";

/** What a project's token is to say. */
export interface TokenRequest {
  readonly project: string;
  readonly scope: Scope;
  /** From now, or from `notBeforeSeconds` when that is later. */
  readonly ttlSeconds: number;
  /** Unix seconds. */
  readonly notBeforeSeconds?: number | undefined;
  /** The only stream that it opens. */
  readonly stream?: string | undefined;
  /** What the path of every stream that it opens begins with. */
  readonly prefix?: string | undefined;
}

export interface MintedToken {
  readonly token: string;
  readonly kid: string;
  /** Unix seconds. */
  readonly expiresAtSeconds: number;
}

/** Signs a project's token, offline. The secret must be a usable one (`secretProblem`). */
export async function mintToken(
  secret: string,
  request: TokenRequest,
  nowSeconds = Math.floor(Date.now() / 1000),
): Promise<MintedToken> {
  const { project, scope, ttlSeconds, notBeforeSeconds, stream, prefix } = request;
  const expiresAtSeconds = Math.max(nowSeconds, notBeforeSeconds ?? 0) + ttlSeconds;
  const claims = {
    sub: project,
    scope,
    iat: nowSeconds,
    exp: expiresAtSeconds,
    ...(notBeforeSeconds === undefined ? {} : { nbf: notBeforeSeconds }),
    ...(stream === undefined ? {} : { stream_id: stream }),
    ...(prefix === undefined ? {} : { stream_prefix: prefix }),
  };
  const kid = await keyId(secret);
  return { token: await sign(secret, claims, { kid, typ: "JWT" }), kid, expiresAtSeconds };
}

/** Signs an operator's token for one server. `host` is the URL's, with its port where that is not the usual one. */
export async function mintOperatorToken(
  secret: string,
  { host, ttlSeconds }: { readonly host: string; readonly ttlSeconds: number },
  nowSeconds = Math.floor(Date.now() / 1000),
): Promise<string> {
  const claims = { aud: [OPERATOR_AUDIENCE, host], iat: nowSeconds, exp: nowSeconds + ttlSeconds };
  return sign(secret, claims, { kid: await keyId(secret), typ: OPERATOR_TOKEN_TYPE });
}

/** jose is loaded where it is needed: most commands never sign. */
async function sign(
  secret: string,
  claims: Readonly<Record<string, unknown>>,
  header: { readonly kid: string; readonly typ: string },
): Promise<string> {
  const { SignJWT } = await import("jose/jwt/sign");
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, ...header })
    .sign(new TextEncoder().encode(secret));
}
