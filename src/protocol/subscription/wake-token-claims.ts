import { TOKEN_MAX_CHARACTERS } from "../limits.ts";
import { TOKEN_ALGORITHM } from "../token.ts";

/** `typ` of the tokens of wakes, so that they are taken for no project's and no operator's (RFC 8725, section 3.11). */
export const WAKE_TOKEN_TYPE = "ds-wake+jwt";

/** Their audience. */
export const WAKE_TOKEN_AUDIENCE = "durable-streams-wake";

/** Their subject: one subscription of one project. */
export function wakeTokenSubject(project: string, id: string): string {
  return `subscription:${project}/${id}`;
}

const JWT = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;

/**
 * Whether a token claims to be of a wake of this subscription. Nothing of it is verified: it only saves waking the
 * subscription's object for what cannot be its own.
 */
export function looksLikeWakeToken(token: string, project: string, id: string): boolean {
  if (token.length > TOKEN_MAX_CHARACTERS) return false;
  const [, header, claims] = JWT.exec(token) ?? [];
  if (header === undefined || claims === undefined) return false;
  const { alg, typ } = decoded(header);
  return alg === TOKEN_ALGORITHM && typ === WAKE_TOKEN_TYPE && decoded(claims)["sub"] === wakeTokenSubject(project, id);
}

function decoded(part: string): Readonly<Record<string, unknown>> {
  try {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
