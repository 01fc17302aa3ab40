import { errors, jwtVerify, SignJWT } from "jose";
import { protocolError } from "../../protocol/errors.ts";
import { WAKE_TOKEN_LIFETIME_SECONDS } from "../../protocol/limits.ts";
import { failed, parsed, type Parsed } from "../../protocol/result.ts";
import {
  WAKE_TOKEN_AUDIENCE,
  WAKE_TOKEN_TYPE,
  wakeTokenSubject,
} from "../../protocol/subscription/wake-token-claims.ts";
import type { Wake } from "../../protocol/subscription/wake.ts";
import { TOKEN_ALGORITHM } from "../../protocol/token.ts";
import type { StoredRecord } from "./record.ts";

type Owner = Pick<StoredRecord, "project" | "id" | "secret">;

/** A token that speaks for one wake of one subscription, and for nothing else (section 7.3). */
export async function mintWakeToken(owner: Owner, wake: Wake, nowMs: number): Promise<string> {
  const nowSeconds = Math.floor(nowMs / 1000);
  return new SignJWT({ generation: wake.generation, wake_id: wake.id })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: WAKE_TOKEN_TYPE })
    .setSubject(wakeTokenSubject(owner.project, owner.id))
    .setAudience(WAKE_TOKEN_AUDIENCE)
    .setExpirationTime(nowSeconds + WAKE_TOKEN_LIFETIME_SECONDS)
    .sign(secretOf(owner));
}

/** The answer to every token that is none of a wake of a subscription that is there. */
export const INVALID_WAKE_TOKEN = protocolError(
  "TOKEN_INVALID",
  "The token is not one of a wake of this subscription; send the one that came with the claim or the webhook.",
);

const EXPIRED = protocolError(
  "TOKEN_EXPIRED",
  "The token of this wake is too old; let its lease end, and work with the next wake's.",
);

/** Which wake a token speaks for. */
export async function verifyWakeToken(token: string, owner: Owner, nowMs: number): Promise<Parsed<Wake>> {
  try {
    const { payload } = await jwtVerify(token, secretOf(owner), {
      algorithms: [TOKEN_ALGORITHM],
      typ: WAKE_TOKEN_TYPE,
      subject: wakeTokenSubject(owner.project, owner.id),
      audience: WAKE_TOKEN_AUDIENCE,
      requiredClaims: ["exp"],
      currentDate: new Date(nowMs),
    });
    const { generation, wake_id: id } = payload;
    return typeof generation === "number" && typeof id === "string"
      ? parsed({ id, generation })
      : failed(INVALID_WAKE_TOKEN);
  } catch (error) {
    return failed(error instanceof errors.JWTExpired ? EXPIRED : INVALID_WAKE_TOKEN);
  }
}

function secretOf({ secret }: Owner): Uint8Array {
  return new TextEncoder().encode(secret);
}
