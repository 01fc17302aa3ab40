import { protocolError, quote, type ProtocolError } from "./errors.ts";
import {
  OPERATOR_TOKEN_LIFETIME_MAX_SECONDS,
  TOKEN_CLOCK_LEEWAY_SECONDS,
  TOKEN_LIFETIME_MAX_SECONDS,
} from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/** The one algorithm of every token here; a key never works with another (RFC 8725, section 3.1). */
export const TOKEN_ALGORITHM = "HS256";

/** `typ` of operators' tokens, so that no token of one kind is ever taken for the other (RFC 8725, section 3.11). */
export const OPERATOR_TOKEN_TYPE = "ds-operator+jwt";

/** The audience of operators' tokens, beside the host of the server that they are for. */
export const OPERATOR_AUDIENCE = "durable-streams-operator";

/** `write` includes reading. */
export type Scope = "read" | "write";

/** What a project's token says. */
export interface TokenClaims {
  /** The project. */
  readonly sub: string;
  readonly scope: Scope;
  /** Unix seconds. */
  readonly exp: number;
  readonly nbf?: number;
  /** The only stream that it opens. */
  readonly stream_id?: string;
  /** What the path of every stream that it opens begins with. */
  readonly stream_prefix?: string;
}

/** What somebody wants to do with a stream. */
export interface TokenUse {
  readonly project: string;
  /** The stream's path; `undefined` for what concerns the project as a whole, which no limited token may do. */
  readonly path: string | undefined;
  /** Of what concerns several streams: what the paths of all of them begin with. A token limited to such may do it. */
  readonly prefix?: string;
  readonly access: Scope;
}

/** Reads the claims of a token whose signature was right. */
export function parseClaims(payload: Readonly<Record<string, unknown>>, nowSeconds: number): Parsed<TokenClaims> {
  const { sub, scope, exp, nbf, stream_id: streamId, stream_prefix: prefix } = payload;
  const time = timeProblem(exp, nbf, nowSeconds, TOKEN_LIFETIME_MAX_SECONDS);
  if (time !== undefined) return failed(time);
  if (typeof sub !== "string" || sub === "") return failed(claims("its `sub`, the project, is missing"));
  if (scope !== "read" && scope !== "write") return failed(claims("its `scope` must be read or write"));
  const limit = [streamId, prefix].find((value) => value !== undefined && (typeof value !== "string" || value === ""));
  if (limit !== undefined) return failed(claims("its `stream_id` or `stream_prefix` is no text, or empty"));
  return parsed({
    sub,
    scope,
    exp: exp as number,
    ...(nbf === undefined ? {} : { nbf: nbf as number }),
    ...(streamId === undefined ? {} : { stream_id: streamId as string }),
    ...(prefix === undefined ? {} : { stream_prefix: prefix as string }),
  });
}

/** Whether an operator's token may still be used: its times, and that it is for this server. */
export function operatorProblem(
  payload: Readonly<Record<string, unknown>>,
  host: string,
  nowSeconds: number,
): ProtocolError | undefined {
  const { exp, nbf, aud } = payload;
  const time = timeProblem(exp, nbf, nowSeconds, OPERATOR_TOKEN_LIFETIME_MAX_SECONDS);
  if (time !== undefined) return time;
  const audience: unknown[] = Array.isArray(aud) ? aud : [aud];
  return [OPERATOR_AUDIENCE, host].every((name) => audience.includes(name))
    ? undefined
    : claims(`its \`aud\` must name ${OPERATOR_AUDIENCE} and ${host}`);
}

/** `exp` has to be there and not too far away; the clock of whoever signed may be a little ahead, never behind. */
function timeProblem(
  exp: unknown,
  nbf: unknown,
  nowSeconds: number,
  lifetimeMaxSeconds: number,
): ProtocolError | undefined {
  if (typeof exp !== "number" || !Number.isFinite(exp)) return claims("its `exp`, in Unix seconds, is missing");
  if (exp <= nowSeconds) {
    return protocolError("TOKEN_EXPIRED", `The token expired ${agoWords(nowSeconds - exp)} ago; get a new one.`);
  }
  if (exp > nowSeconds + lifetimeMaxSeconds + TOKEN_CLOCK_LEEWAY_SECONDS) {
    return protocolError(
      "TOKEN_LIFETIME",
      `The token's \`exp\` lies more than ${String(lifetimeMaxSeconds)} s ahead; get one that ends sooner.`,
    );
  }
  if (nbf === undefined) return undefined;
  if (typeof nbf !== "number" || !Number.isFinite(nbf)) return claims("its `nbf` is not in Unix seconds");
  if (nbf <= nowSeconds + TOKEN_CLOCK_LEEWAY_SECONDS) return undefined;
  return protocolError(
    "TOKEN_NOT_YET_VALID",
    `The token is not valid before ${instantWords(nbf)}; wait, or set the clock of whoever signed it.`,
  );
}

/** Why claims do not allow a use, or `undefined` when they do. */
export function useProblem(token: TokenClaims, use: TokenUse): ProtocolError | undefined {
  if (token.sub !== use.project) {
    return protocolError("TOKEN_PROJECT", `The token is for another project than ${quote(use.project)}.`);
  }
  if (use.access === "write" && token.scope !== "write") {
    return protocolError("TOKEN_SCOPE", "The token may only read; this needs one with the scope write.");
  }
  if (opensStreams(token, use)) return undefined;
  const of =
    use.path === undefined
      ? "is for all of the project's streams, so get one that is not"
      : "needs one for this stream";
  return protocolError("TOKEN_STREAM", `The token is limited to another stream or prefix; this ${of}.`);
}

function opensStreams({ stream_id: id, stream_prefix: prefix }: TokenClaims, use: TokenUse): boolean {
  if (use.path !== undefined) return (id === undefined || id === use.path) && startsWith(use.path, prefix);
  return id === undefined && startsWith(use.prefix ?? "", prefix);
}

function startsWith(text: string, prefix: string | undefined): boolean {
  return prefix === undefined || text.startsWith(prefix);
}

function claims(why: string): ProtocolError {
  return protocolError("TOKEN_CLAIMS", `The token cannot be used: ${why}.`);
}

function agoWords(seconds: number): string {
  if (seconds < 120) return `${String(Math.ceil(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return Number.isSafeInteger(minutes) ? `${String(minutes)} minutes` : "a very long time";
}

/** Whoever signs may write any number, and dates end in the year 275760. */
function instantWords(seconds: number): string {
  const instant = new Date(seconds * 1000);
  return Number.isNaN(instant.getTime()) ? "the end of all dates" : instant.toISOString();
}
