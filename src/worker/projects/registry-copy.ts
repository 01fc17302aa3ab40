import { PROJECT_KEYS_MAX } from "../../protocol/limits.ts";
import type { ProjectRecord, SigningKey } from "../../protocol/project.ts";
import { keyId } from "../../protocol/secret.ts";

/** What KV holds of a project under its name: a copy of its record, or what the earlier library put there. */
export type RegistryCopy =
  | { readonly kind: "copy"; readonly record: ProjectRecord }
  | { readonly kind: "legacy"; readonly secrets: readonly string[]; readonly corsOrigins: readonly string[] };

/** Reads the value of KV; `undefined` for none, and for what is neither. */
export function parseRegistryCopy(value: unknown): RegistryCopy | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { version, keys, name, signingSecrets, signingSecret, corsOrigins } = value as Record<string, unknown>;
  if (typeof version === "number" && Array.isArray(keys) && typeof name === "string") {
    return { kind: "copy", record: value as ProjectRecord };
  }
  const secrets = texts(signingSecrets ?? (signingSecret === undefined ? [] : [signingSecret]));
  return secrets.length === 0 ? undefined : { kind: "legacy", secrets, corsOrigins: texts(corsOrigins) };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === "string" && text !== "") : [];
}

/** The keys of an earlier library's secrets. They go on as they are, short ones too, until they are rotated. */
export async function legacyKeys(secrets: readonly string[], nowMs: number): Promise<readonly SigningKey[]> {
  const distinct = [...new Set(secrets)].slice(0, PROJECT_KEYS_MAX);
  return Promise.all(distinct.map(async (secret) => ({ kid: await keyId(secret), secret, createdAtMs: nowMs })));
}
