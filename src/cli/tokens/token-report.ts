import { linesOf } from "../table.ts";
import type { DecodedToken } from "./decode-token.ts";
import type { Judgment, Signature, TokenKind } from "./judge-token.ts";
import { exactTime } from "./time-left.ts";

/** What `token inspect` tells, as `--json` prints it. Header and claims are what the token says, whoever wrote it. */
export interface TokenReport extends Judgment {
  readonly usable: boolean;
  readonly expiresAt: string | undefined;
  /** Negative when it is over. */
  readonly secondsLeft: number | undefined;
  readonly header: DecodedToken["header"];
  readonly claims: DecodedToken["claims"];
}

export function tokenReport({ header, claims }: DecodedToken, judgment: Judgment, nowMs: number): TokenReport {
  const { exp } = claims;
  return {
    usable: judgment.problems.length === 0,
    ...judgment,
    expiresAt: timeOf(exp),
    secondsLeft: typeof exp === "number" && Number.isFinite(exp) ? Math.round(exp * 1000 - nowMs) / 1000 : undefined,
    header,
    claims,
  };
}

/** Unix seconds as an instant, where a calendar has it. */
function timeOf(seconds: unknown): string | undefined {
  if (typeof seconds !== "number") return undefined;
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().replace(".000Z", "Z");
}

const KINDS: Readonly<Record<TokenKind, string>> = {
  project: "token of a project",
  operator: "token of an operator",
  other: "of a kind that is not known",
};

const SIGNATURES: Readonly<Record<Signature, string>> = {
  verified: "right",
  wrong: "wrong",
  "other-key": "not checked: made with a key that is not at hand",
  unchecked: "not checked",
};

const USUAL_CLAIMS: ReadonlySet<string> = new Set([
  "sub",
  "scope",
  "aud",
  "iat",
  "nbf",
  "exp",
  "stream_id",
  "stream_prefix",
]);

/** The same for people. What a token says stays on its line, and control characters in it are shown. */
export function tokenLines(report: TokenReport): string {
  const { kind, signature, problems, claims, header, expiresAt, secondsLeft } = report;
  const others = Object.entries(claims).filter(([name]) => !USUAL_CLAIMS.has(name));
  return linesOf([
    ["kind", KINDS[kind]],
    ["project", textOf(claims["sub"])],
    ["scope", scopeText(claims["scope"])],
    ["streams", kind === "project" ? streamsText(claims) : undefined],
    ["audience", textOf(claims["aud"])],
    ["issued", timeText(claims["iat"])],
    ["not before", timeText(claims["nbf"])],
    ["expires", expiresAt === undefined ? textOf(claims["exp"]) : `${expiresAt}, ${leftText(secondsLeft ?? 0)}`],
    ["key", textOf(header["kid"])],
    ["signature", SIGNATURES[signature]],
    ...others.map(([name, value]) => ["other claim", `${name}: ${textOf(value) ?? ""}`] as const),
    ["usable", problems.length === 0 ? usableText(signature) : "no"],
    ...problems.map(({ code, message }) => ["", `${code}: ${message}`] as const),
  ]);
}

/** A text as it is, anything else as JSON. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return JSON.stringify(value);
}

function timeText(seconds: unknown): string | undefined {
  return timeOf(seconds) ?? textOf(seconds);
}

function scopeText(scope: unknown): string | undefined {
  return scope === "write" ? "write, and read" : textOf(scope);
}

function streamsText({ stream_id: id, stream_prefix: prefix }: DecodedToken["claims"]): string {
  const limits = [
    ...(id === undefined ? [] : [`only ${textOf(id) ?? ""}`]),
    ...(prefix === undefined ? [] : [`those whose names begin with ${textOf(prefix) ?? ""}`]),
  ];
  return limits.length > 0 ? limits.join(", and of them ") : "all";
}

function leftText(seconds: number): string {
  return seconds > 0 ? `in ${exactTime(seconds)}` : `${exactTime(-seconds)} ago`;
}

function usableText(signature: Signature): string {
  return signature === "verified" ? "yes" : "yes, if its signature is right";
}
