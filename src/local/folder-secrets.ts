import { open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { newSecret, secretProblem, type SecretKind } from "../protocol/secret.ts";
import { LocalServerError, systemErrorCode } from "./local-server-error.ts";
import type { SigningSecrets } from "./options.ts";

/** Part of the folder's format: where a guarded server finds its secrets again. */
const SECRETS_FILE = "secrets.json";
const OTHERS_MAY_READ = 0o077;

/** What a guarded server keeps in its data folder, in a file that nobody else may read. */
interface FolderSecrets {
  readonly operatorSecret: string;
  /** By the names of projects. */
  readonly signingSecrets: Readonly<Record<string, string>>;
}

interface KeptSecrets {
  readonly operatorSecret: string;
  readonly signingSecrets: SigningSecrets;
}

/** Whether a server on these data was ever guarded by secrets of the folder. */
export async function hasSecrets(dir: string): Promise<boolean> {
  return (await read(path.join(dir, SECRETS_FILE))) !== undefined;
}

/**
 * The folder's secrets, made at the first guarded start. Call it with the folder locked.
 * @throws LocalServerError when the file can be read by others, or holds something else.
 */
export async function openSecrets(dir: string): Promise<KeptSecrets> {
  const file = path.join(dir, SECRETS_FILE);
  let secrets = await requireSecrets(file);
  if (secrets === undefined) {
    secrets = { operatorSecret: newSecret("operator"), signingSecrets: {} };
    await write(file, secrets);
  }
  const { operatorSecret } = secrets;
  const signingSecrets = new Map(Object.entries(secrets.signingSecrets));
  return {
    operatorSecret,
    signingSecrets: {
      get: (project) => signingSecrets.get(project),
      async keep(project, secret) {
        if (signingSecrets.get(project) === secret) return;
        signingSecrets.set(project, secret);
        await write(file, { operatorSecret, signingSecrets: Object.fromEntries(signingSecrets) });
      },
    },
  };
}

/**
 * A file that others may read is refused, and not only because they may: it did not come from us, but perhaps with
 * somebody else's folder, whose author would know the secrets.
 */
async function requireSecrets(file: string): Promise<FolderSecrets | undefined> {
  const text = await read(file);
  if (text === undefined) return undefined;
  // Windows has no such bits.
  if (process.platform !== "win32" && ((await stat(file)).mode & OTHERS_MAY_READ) !== 0) {
    throw unusable(file, "can be read by other users of this machine");
  }
  const secrets = parse(text);
  if (secrets === undefined) throw unusable(file, "does not hold usable secrets");
  return secrets;
}

function unusable(file: string, why: string): LocalServerError {
  return new LocalServerError(
    "secrets_not_usable",
    `${file}, with the secrets of a guarded server, ${why}.`,
    "If you know where it comes from, repair it (chmod 600); otherwise choose another folder with --persist.",
  );
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): FolderSecrets | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { operatorSecret, signingSecrets } = value as Record<string, unknown>;
  if (!isSecret(operatorSecret, "operator")) return undefined;
  if (typeof signingSecrets !== "object" || signingSecrets === null) return undefined;
  const isWhole = Object.values(signingSecrets).every((secret) => isSecret(secret, "project"));
  return isWhole ? { operatorSecret, signingSecrets: signingSecrets as Record<string, string> } : undefined;
}

function isSecret(value: unknown, kind: SecretKind): value is string {
  return typeof value === "string" && secretProblem(value, kind) === undefined;
}

/** Whole or not at all, also through a power cut: without its secret a guarded server is closed to its own operator. */
async function write(file: string, secrets: FolderSecrets): Promise<void> {
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(secrets)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
