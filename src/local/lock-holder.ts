import type { ProcessIdentity } from "./process-identity.ts";

/** Who has a data folder: the content of its lock file. */
export interface LockHolder {
  /** Unique to this holding, so that one lock can be told from the next in the same place. */
  readonly token: string;
  readonly host: string;
  readonly process: ProcessIdentity;
  /** Known once the server answers. */
  readonly url?: string;
  readonly runtime?: ProcessIdentity;
}

const TOKEN = /^[0-9a-f-]{36}$/;

export function formatHolder(holder: LockHolder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Undefined when the text is not a lock. The token is checked because it becomes part of a file name. */
export function parseHolder(text: string): LockHolder | undefined {
  const value = parseObject(text);
  const { token, host, url } = value;
  const process = toProcess(value["process"]);
  const runtime = toProcess(value["runtime"]);
  if (typeof token !== "string" || !TOKEN.test(token)) return undefined;
  if (typeof host !== "string" || process === undefined) return undefined;
  return {
    token,
    host,
    process,
    ...(typeof url === "string" && { url }),
    ...(runtime !== undefined && { runtime }),
  };
}

function toProcess(value: unknown): ProcessIdentity | undefined {
  if (!isObject(value)) return undefined;
  const { pid, started } = value;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return typeof started === "string" ? { pid, started } : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
