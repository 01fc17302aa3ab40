import { type ProjectFacts, ProjectsClient } from "../client/projects.ts";
import { Transport } from "../client/transport.ts";
import type { Access, LocalServer } from "../local/options.ts";
import { DEFAULT_PORT } from "../local/options.ts";
import { DEFAULT_PROJECT } from "../protocol/path.ts";
import { keyId, newSecret } from "../protocol/secret.ts";
import type { ConfigFolder } from "./config/config-folder.ts";
import { changeContexts, nameForServer, withContext } from "./config/contexts.ts";
import {
  credentialsFor,
  projectCredentials,
  saveOperatorSecret,
  saveProjectSecret,
  type ProjectCredentials,
} from "./config/credentials.ts";
import { resolveTarget } from "./config/resolve-target.ts";
import { mintOperatorToken, mintToken } from "./tokens/mint.ts";

const OPERATOR_TOKEN_TTL_SECONDS = 60;
const DEMO_TOKEN_TTL_SECONDS = 300;
/** A token is replaced so long before it ends. */
const DEMO_TOKEN_SPARE_SECONDS = 60;

type Guarded = Extract<Access, { kind: "guarded" }>;

/** The project that `dev --auth` has made sure of, and how commands get to it. */
export interface DevProject {
  readonly name: string;
  /** The context that was saved for it. */
  readonly context: string;
  /** Whether that context is the active one. */
  readonly isActive: boolean;
  /** Signs its tokens; undefined where the project is there with keys that nobody here has. */
  readonly secret: string | undefined;
}

/**
 * Makes sure that a guarded server has a project, and that commands of this user get to it: its secrets and those of the
 * operator go to the credentials, and a context to the others. Running it again changes nothing.
 */
export async function openDevProject(
  server: LocalServer,
  access: Guarded,
  name: string,
  folder: ConfigFolder,
): Promise<DevProject> {
  const { url } = server;
  const held = projectCredentials(await credentialsFor(folder, url), name);
  const secret = await makeSureOf(name, url, access, held);
  await saveOperatorSecret(folder, url, access.operatorSecret);
  if (secret !== undefined) await saveProjectSecret(folder, url, name, secret);
  let context = contextName(url);
  const { active } = await changeContexts(folder, (all) => {
    context = nameForServer(all, contextName(url), url);
    return withContext(all, context, { url, project: name });
  });
  return { name, context, isActive: active === context, secret };
}

/** `local`, or with its port where that is not the usual one. */
function contextName(url: string): string {
  const port = new URL(url).port;
  return port === String(DEFAULT_PORT) ? "local" : `local-${port === "" ? "80" : port}`;
}

/** The secret of a key that the project accepts. A project that is not there is created. */
async function makeSureOf(
  name: string,
  url: string,
  { operatorSecret, signingSecrets }: Guarded,
  held: ProjectCredentials,
): Promise<string | undefined> {
  const { host } = new URL(url);
  const token = await mintOperatorToken(operatorSecret, { host, ttlSeconds: OPERATOR_TOKEN_TTL_SECONDS });
  const transport = new Transport({ token });
  try {
    const client = new ProjectsClient(transport, url);
    const there = await client.find(name);
    // What is saved for this address may be of another server, which had it at another time.
    const secret =
      there === undefined
        ? newSecret("project")
        : await accepted(there, [held.secret, held.nextSecret, signingSecrets.get(name)]);
    if (secret === undefined) return undefined;
    // Before the server has it: a key whose secret is lost opens nothing.
    await signingSecrets.keep(name, secret);
    if (there === undefined) await client.create(name, secret, {});
    return secret;
  } finally {
    await transport.close();
  }
}

async function accepted({ keys }: ProjectFacts, secrets: readonly (string | undefined)[]): Promise<string | undefined> {
  const kids = new Set(keys.map(({ kid }) => kid));
  for (const secret of secrets) {
    if (secret !== undefined && kids.has(await keyId(secret))) return secret;
  }
  return undefined;
}

/** Whether commands without flags, in this folder and environment, get to a server, and to a project if one is named. */
export async function leadsTo(url: string, project: string | undefined, folder: ConfigFolder): Promise<boolean> {
  const said = (word: string): string | undefined => {
    const value = process.env[`DURABLE_STREAMS_${word}`];
    return value === "" ? undefined : value;
  };
  const environment = { url: said("URL"), project: said("PROJECT"), context: said("CONTEXT") };
  const wishes = { flags: {}, environment, directory: process.cwd(), folder };
  // What cannot be told now will be told by the command.
  const target = await resolveTarget(wishes).catch(() => undefined);
  if (target?.url.replace(/\/+$/, "") !== url) return false;
  return project === undefined || (target.project ?? DEFAULT_PROJECT) === project;
}

/** Where a project's stream is, on our own server. */
export function devStreamUrl(url: string, project: string, stream: string): string {
  return project === DEFAULT_PROJECT ? `${url}/v1/stream/${stream}` : `${url}/v1/${project}/stream/${stream}`;
}

/** Tokens that write to one stream, each used until shortly before it ends. */
export function streamTokens(secret: string, project: string, stream: string): () => Promise<string> {
  let current: { readonly token: string; readonly expiresAtSeconds: number } | undefined;
  return async () => {
    if (current === undefined || current.expiresAtSeconds - DEMO_TOKEN_SPARE_SECONDS < Date.now() / 1000) {
      current = await mintToken(secret, { project, scope: "write", stream, ttlSeconds: DEMO_TOKEN_TTL_SECONDS });
    }
    return current.token;
  };
}
