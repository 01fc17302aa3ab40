import { PROJECT_KEYS_MAX } from "../../protocol/limits.ts";
import { acceptedKeys, isOrigin, type ProjectRecord, type SigningKey } from "../../protocol/project.ts";
import { keyId } from "../../protocol/secret.ts";

/** What KV holds of a project under its name: a copy of its record, or what the earlier library put there. */
export type RegistryCopy =
  | { readonly kind: "copy"; readonly record: ProjectRecord }
  | { readonly kind: "legacy"; readonly secrets: readonly string[]; readonly corsOrigins: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

/** Reads the value of KV; `undefined` for none, and for what is neither. */
function parseRegistryCopy(value: unknown): RegistryCopy | undefined {
  if (!isObject(value)) return undefined;
  if (isRecord(value)) return { kind: "copy", record: value };
  if ("keys" in value) return undefined;
  const { signingSecrets, signingSecret, corsOrigins } = value;
  const secrets = texts(signingSecrets ?? (signingSecret === undefined ? [] : [signingSecret]));
  return secrets.length === 0 ? undefined : { kind: "legacy", secrets, corsOrigins: texts(corsOrigins) };
}

/** The same from KV itself; text that is no JSON is nobody's record. Throws when KV does not answer. */
export async function readRegistryCopy(registry: KVNamespace, name: string): Promise<RegistryCopy | undefined> {
  const text = await registry.get(name);
  if (text === null) return undefined;
  const copy = parseRegistryCopy(parseJson(text));
  if (copy !== undefined && (copy.kind === "legacy" || copy.record.name === name)) return copy;
  console.error(`What REGISTRY holds under ${name} makes no project.`);
  return undefined;
}

/** The text that is put into KV for a project. */
export function formatRegistryCopy(record: ProjectRecord, nowMs: number): string {
  return JSON.stringify({ ...record, keys: acceptedKeys(record, nowMs) });
}

/** What a copy says of its project. Secrets of the earlier library go on as they are, short ones too, until they are rotated. */
export async function recordOf(copy: RegistryCopy, name: string, nowMs: number): Promise<ProjectRecord> {
  if (copy.kind === "copy") return copy.record;
  const secrets = [...new Set(copy.secrets)].slice(0, PROJECT_KEYS_MAX);
  const keys = await Promise.all(
    secrets.map(async (secret) => ({ kid: await keyId(secret), secret, createdAtMs: nowMs })),
  );
  return { name, version: 1, createdAtMs: nowMs, keys, corsOrigins: copy.corsOrigins.filter(isOrigin) };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === "string" && text !== "") : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isRecord(value: Fields): value is Fields & ProjectRecord {
  const { name, version, createdAtMs, corsOrigins, keys } = value;
  const isWhole = typeof name === "string" && typeof createdAtMs === "number" && Number.isSafeInteger(version);
  return isWhole && Array.isArray(corsOrigins) && Array.isArray(keys) && keys.every(isKey);
}

function isKey(value: unknown): value is SigningKey {
  if (!isObject(value)) return false;
  const { kid, secret, createdAtMs, retiresAtMs } = value;
  const isWhole = typeof kid === "string" && typeof secret === "string" && typeof createdAtMs === "number";
  return isWhole && secret !== "" && (retiresAtMs === undefined || typeof retiresAtMs === "number");
}
