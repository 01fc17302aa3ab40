import { acceptedKeys, parseSettings, type ProjectRecord, type SigningKey } from "../../protocol/project.ts";
import { PROJECT_KEYS_MAX } from "../../protocol/limits.ts";
import { keyId } from "../../protocol/secret.ts";

/** The version of what is taken over from the library before ours: every change of ours comes after it. */
const FIRST_VERSION = 1;

/** What KV holds under a project's name. */
export type RegistryEntry =
  /** What the project's object wrote: a copy of its record. */
  | { readonly kind: "copy"; readonly record: ProjectRecord }
  /** What was written for the library before ours: signing secrets without anything about them. */
  | { readonly kind: "earlier"; readonly record: ProjectRecord };

/**
 * Reads what KV holds under a project's name; `undefined` when nothing there makes a project. Secrets of the earlier
 * library may be shorter than those that are accepted now, and go on until they are rotated.
 *
 * @param text the entry; `null` when there is none.
 */
export async function parseRegistryEntry(
  name: string,
  text: string | null,
  nowMs: number,
): Promise<RegistryEntry | undefined> {
  const entry = text === null ? undefined : parseObject(text);
  if (entry === undefined) return undefined;
  if (isRecord(entry)) return entry.name === name ? { kind: "copy", record: entry } : undefined;
  const secrets = earlierSecrets(entry);
  if (secrets.length === 0) return undefined;
  const keys = await Promise.all(
    secrets.map(async (secret): Promise<SigningKey> => ({ kid: await keyId(secret), secret, createdAtMs: nowMs })),
  );
  const settings = parseSettings({ corsOrigins: entry["corsOrigins"] });
  const corsOrigins = (settings.ok ? settings.value.corsOrigins : undefined) ?? [];
  return { kind: "earlier", record: { name, version: FIRST_VERSION, createdAtMs: nowMs, corsOrigins, keys } };
}

/** The text that is written to KV for a project. */
export function formatRegistryEntry(record: ProjectRecord, nowMs: number): string {
  return JSON.stringify({ ...record, keys: acceptedKeys(record, nowMs) });
}

function earlierSecrets(entry: Readonly<Record<string, unknown>>): string[] {
  const { signingSecrets, signingSecret } = entry;
  const listed: unknown[] = Array.isArray(signingSecrets) ? signingSecrets : [signingSecret];
  const secrets = listed.filter((secret): secret is string => typeof secret === "string" && secret !== "");
  return [...new Set(secrets)].slice(0, PROJECT_KEYS_MAX);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(entry: object): entry is ProjectRecord {
  const { name, version, createdAtMs, corsOrigins, keys } = entry as Readonly<Record<string, unknown>>;
  return (
    typeof name === "string" &&
    Number.isSafeInteger(version) &&
    typeof createdAtMs === "number" &&
    Array.isArray(corsOrigins) &&
    Array.isArray(keys) &&
    keys.every(isKey)
  );
}

function isKey(value: unknown): value is SigningKey {
  if (typeof value !== "object" || value === null) return false;
  const { kid, secret, createdAtMs, retiresAtMs } = value as Readonly<Record<string, unknown>>;
  return (
    typeof kid === "string" &&
    typeof secret === "string" &&
    secret !== "" &&
    typeof createdAtMs === "number" &&
    (retiresAtMs === undefined || typeof retiresAtMs === "number")
  );
}
