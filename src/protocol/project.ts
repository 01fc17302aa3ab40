import { protocolError, quote, type ProtocolError } from "./errors.ts";
import { BODY_MAX_BYTES, CORS_ORIGINS_MAX, LIVE_READERS_MAX, PROJECT_KEYS_MAX, PROJECT_STREAMS_MAX } from "./limits.ts";
import { failed, parsed, type Parsed } from "./result.ts";

/** A key that tokens of a project are signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly secret: string;
  readonly createdAtMs: number;
  /** Set while another key has taken over: until then tokens signed with this one are still accepted. */
  readonly retiresAtMs?: number;
}

/** What holds for a project besides its keys. */
export interface ProjectSettings {
  /** Origins whose pages may use the project, exactly as browsers send them; `*` for every one. Default: none. */
  readonly corsOrigins: readonly string[];
  /** Largest body of one request, in bytes, where it is to be less than the server's own limit. */
  readonly bodyMaxBytes?: number;
  /** Most live readers of one stream, where they are to be fewer than the server's own limit. */
  readonly readersMax?: number;
  /** Most streams that there may be at a time. Default: any number. */
  readonly streamsMax?: number;
}

/** All that is known of a project. Its object is the truth, and KV has copies, of which the one of the highest version counts. */
export interface ProjectRecord extends ProjectSettings {
  readonly name: string;
  /** Grows with every change and never falls back, also when a project is deleted and created again. */
  readonly version: number;
  readonly createdAtMs: number;
  /** The newest first: that one signs. */
  readonly keys: readonly SigningKey[];
}

/** A change of settings; what is left out stays, and `null` takes a limit away. */
export interface SettingsChange {
  readonly corsOrigins?: readonly string[];
  readonly bodyMaxBytes?: number | null;
  readonly readersMax?: number | null;
  readonly streamsMax?: number | null;
}

/** The keys that tokens may be signed with at the moment. */
export function acceptedKeys(record: Pick<ProjectRecord, "keys">, nowMs: number): readonly SigningKey[] {
  return record.keys.filter(({ retiresAtMs }) => retiresAtMs === undefined || nowMs < retiresAtMs);
}

/**
 * Puts a new signing key in front. The keys that signed until now retire when the overlap is over, or at once without
 * one; a key that retires already does not get longer. Asking again with the key that signs already changes nothing.
 */
export function rotateKeys(
  keys: readonly SigningKey[],
  added: SigningKey,
  overlapMs: number,
  nowMs: number,
): Parsed<readonly SigningKey[]> {
  const current = acceptedKeys({ keys }, nowMs);
  if (current[0]?.kid === added.kid) return parsed(overlapMs === 0 ? current.slice(0, 1) : current);
  const retiresAtMs = nowMs + overlapMs;
  const others = current
    .filter(({ kid }) => kid !== added.kid)
    .map((key) => ({ ...key, retiresAtMs: Math.min(key.retiresAtMs ?? Infinity, retiresAtMs) }));
  const next = [added, ...acceptedKeys({ keys: others }, nowMs)];
  if (next.length <= PROJECT_KEYS_MAX) return parsed(next);
  return failed(
    protocolError(
      "TOO_MANY_KEYS",
      `The project has ${String(current.length)} keys that are accepted, and ${String(PROJECT_KEYS_MAX)} is the most; retire the old ones first.`,
    ),
  );
}

/** Leaves only the key that signs: the second phase of a rotation. */
export function retireOldKeys(keys: readonly SigningKey[], nowMs: number): readonly SigningKey[] {
  return acceptedKeys({ keys }, nowMs).slice(0, 1);
}

/** Reads a change of settings as it comes from outside. */
export function parseSettings(value: unknown): Parsed<SettingsChange> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return failed(wrong("they are no JSON object"));
  const known = ["corsOrigins", "bodyMaxBytes", "readersMax", "streamsMax"];
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined)
    return failed(wrong(`there is no setting ${quote(unknown)}; there are ${known.join(", ")}`));
  const { corsOrigins, bodyMaxBytes, readersMax, streamsMax } = value as Record<string, unknown>;
  const problem =
    originsProblem(corsOrigins) ??
    limitProblem("bodyMaxBytes", bodyMaxBytes, BODY_MAX_BYTES) ??
    limitProblem("readersMax", readersMax, LIVE_READERS_MAX) ??
    limitProblem("streamsMax", streamsMax, PROJECT_STREAMS_MAX);
  return problem === undefined ? parsed(value as SettingsChange) : failed(wrong(problem));
}

/** The settings with a change applied. */
export function changeSettings(settings: ProjectSettings, change: SettingsChange): ProjectSettings {
  const bodyMaxBytes = change.bodyMaxBytes === undefined ? settings.bodyMaxBytes : change.bodyMaxBytes;
  const readersMax = change.readersMax === undefined ? settings.readersMax : change.readersMax;
  const streamsMax = change.streamsMax === undefined ? settings.streamsMax : change.streamsMax;
  return {
    corsOrigins: change.corsOrigins ?? settings.corsOrigins,
    ...(bodyMaxBytes === undefined || bodyMaxBytes === null ? {} : { bodyMaxBytes }),
    ...(readersMax === undefined || readersMax === null ? {} : { readersMax }),
    ...(streamsMax === undefined || streamsMax === null ? {} : { streamsMax }),
  };
}

function originsProblem(origins: unknown): string | undefined {
  if (origins === undefined) return undefined;
  if (!Array.isArray(origins) || !origins.every((origin): origin is string => typeof origin === "string")) {
    return "corsOrigins is no list of origins";
  }
  if (origins.length > CORS_ORIGINS_MAX) return `corsOrigins has more than ${String(CORS_ORIGINS_MAX)} origins`;
  const wrongOne = origins.find((origin) => !isOrigin(origin));
  return wrongOne === undefined
    ? undefined
    : `${quote(wrongOne)} is no origin: write it as browsers do, like https://app.example or http://localhost:5173, or * for every one`;
}

/**
 * An origin just as browsers send it, or `*`. `null`, the origin of sandboxed pages and files, is everybody's and never
 * listed; a star inside would be taken for a pattern, which it is not.
 */
export function isOrigin(text: string): boolean {
  if (text === "*") return true;
  if (!/^https?:\/\/[^*]+$/.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}

function limitProblem(name: string, limit: unknown, most: number): string | undefined {
  if (limit === undefined || limit === null) return undefined;
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 1 && limit <= most) return undefined;
  return `${name} must be a whole number from 1 to ${String(most)}`;
}

function wrong(why: string): ProtocolError {
  return protocolError("INVALID_PROJECT_SETTINGS", `The project's settings are not usable: ${why}.`);
}

/** What pages of an origin are allowed: the value of `Access-Control-Allow-Origin`, or nothing. */
export function allowedOrigin(corsOrigins: readonly string[], origin: string | null): string | undefined {
  if (corsOrigins.includes("*")) return "*";
  return origin !== null && corsOrigins.includes(origin) ? origin : undefined;
}
