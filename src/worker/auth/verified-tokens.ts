import { acceptedKeys, type ProjectRecord } from "../../protocol/project.ts";
import type { TokenClaims } from "../../protocol/token.ts";
import { BoundedMap } from "./bounded-map.ts";

/** So many tokens of the largest size take 8 MB. A token that was forgotten is verified again, which is all it costs. */
const TOKENS_MAX = 2000;

/** A token whose signature was right, and with which key of which state of its project. */
export interface VerifiedToken {
  readonly claims: TokenClaims;
  readonly kid: string;
  readonly project: string;
  readonly version: number;
}

/** Remembers tokens that were verified, so that each is verified once as long as nothing changes about its project. */
export class VerifiedTokens {
  readonly #tokens = new BoundedMap<string, VerifiedToken>(TOKENS_MAX);

  /** What the token says, if it was verified with what is known of the project now, and its key did not retire since. */
  claims(text: string, record: ProjectRecord, nowMs: number): TokenClaims | undefined {
    const token = this.#tokens.get(text);
    if (token?.project !== record.name) return undefined;
    const isCurrent = token.version === record.version;
    if (isCurrent && acceptedKeys(record, nowMs).some(({ kid }) => kid === token.kid)) return token.claims;
    this.#tokens.delete(text);
    return undefined;
  }

  /** Whether the token was verified for that project before, whatever has become of it since. */
  has(text: string, project: string): boolean {
    return this.#tokens.get(text)?.project === project;
  }

  add(text: string, token: VerifiedToken): void {
    this.#tokens.set(text, token);
  }

  forget(text: string): void {
    this.#tokens.delete(text);
  }
}
