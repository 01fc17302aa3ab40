import { protocolError } from "../../protocol/errors.ts";
import { acceptedKeys, type ProjectRecord } from "../../protocol/project.ts";
import { failed, type Parsed } from "../../protocol/result.ts";
import { parseClaims, type TokenClaims } from "../../protocol/token.ts";
import { verifiedPayload, type BearerToken } from "./bearer-token.ts";
import type { ProjectBindings, ProjectKeys } from "./project-keys.ts";
import type { VerifiedTokens } from "./verified-tokens.ts";

/** What one isolate knows of projects and of their tokens. */
export interface TokenMemory {
  readonly keys: ProjectKeys;
  readonly tokens: VerifiedTokens;
}

/** The same where there is no such project: a stranger does not learn which projects there are. */
const KEY_UNKNOWN = protocolError(
  "TOKEN_KEY_UNKNOWN",
  "No key that this project accepts signed the token: it is another project's, or the key was retired; get a new token.",
);

const WRONG_SIGNATURE = protocolError(
  "TOKEN_SIGNATURE",
  "The token's signature is wrong: it was changed after it was signed, or signed with another secret than it says.",
);

const UNAVAILABLE = protocolError(
  "KEYS_UNAVAILABLE",
  "The project's keys cannot be looked up at the moment, so the token cannot be judged; send the request again.",
);

let decoy: string | undefined;

/**
 * Signs nothing. Where there is no key to try, it is tried: that takes as long as trying one. Made when first needed: the
 * platform gives out random numbers only while a request is being answered, and does not start a Worker that asks before.
 */
function decoySecret(): string {
  decoy ??= Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16)).join("-");
  return decoy;
}

/** What a token says, once one of the project's keys is found to have signed it. Keys that are not known are looked up again. */
export async function verifyToken(
  token: BearerToken,
  project: string,
  env: ProjectBindings,
  memory: TokenMemory,
): Promise<Parsed<TokenClaims>> {
  const { record } = await memory.keys.current(project, env);
  const verified = await verifyWith(record, token, memory.tokens);
  if (verified !== undefined) return verified;
  const latest = await memory.keys.recheck(project, env);
  const isNews = latest.record?.version !== record?.version;
  const reverified = isNews ? await verifyWith(latest.record, token, memory.tokens) : undefined;
  return reverified ?? failed(latest.isFailing ? UNAVAILABLE : KEY_UNKNOWN);
}

/** Tries the keys that may have signed the token; `undefined` when it is none of them. */
async function verifyWith(
  record: ProjectRecord | undefined,
  token: BearerToken,
  tokens: VerifiedTokens,
): Promise<Parsed<TokenClaims> | undefined> {
  const nowMs = Date.now();
  const remembered = record === undefined ? undefined : tokens.claims(token.text, record, nowMs);
  if (remembered !== undefined) {
    // Its own time is over some day.
    const claims = parseClaims({ ...remembered }, nowMs / 1000);
    if (!claims.ok) tokens.forget(token.text);
    return claims;
  }
  const keys = record === undefined ? [] : acceptedKeys(record, nowMs);
  const candidates = token.kid === undefined ? keys : keys.filter(({ kid }) => kid === token.kid);
  for (const { kid, secret } of candidates) {
    const payload = await verifiedPayload(token, secret);
    if (payload === undefined || record === undefined) continue;
    const claims = payload.ok ? parseClaims(payload.value, nowMs / 1000) : payload;
    if (claims.ok) tokens.add(token.text, { claims: claims.value, kid, project: record.name, version: record.version });
    return claims;
  }
  if (candidates.length === 0) await verifiedPayload(token, decoySecret());
  return token.kid === undefined || candidates.length === 0 ? undefined : failed(WRONG_SIGNATURE);
}
