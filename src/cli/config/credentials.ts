import type { ConfigFolder } from "./config-folder.ts";
import { changeStore, isOptionalText, isRecord, loadStore, own, type Store, STORE_VERSION, without } from "./store.ts";

/** What opens one project of a server. */
export interface ProjectCredentials {
  /** Signs tokens. */
  readonly secret?: string | undefined;
  /** The next one that signs, while nobody has heard whether the server has it. */
  readonly nextSecret?: string | undefined;
  /** A token that somebody else has signed. */
  readonly token?: string | undefined;
}

/** What was saved for one server, and is never sent to another. */
export interface ServerCredentials {
  /** Signs operators' tokens. */
  readonly operatorSecret?: string | undefined;
  /** The next one that signs, while nobody has heard whether the server has it. */
  readonly nextOperatorSecret?: string | undefined;
  readonly projects: Readonly<Record<string, ProjectCredentials>>;
}

interface Credentials {
  readonly version: number;
  /** By origin. */
  readonly servers: Readonly<Record<string, ServerCredentials>>;
}

const NOTHING: ServerCredentials = { projects: {} };

const STORE: Store<Credentials> = {
  name: "credentials.json",
  empty: { version: STORE_VERSION, servers: {} },
  isExpected: (value): value is Credentials =>
    isRecord(value) && isRecord(value["servers"]) && Object.values(value["servers"]).every(isServer),
};

function isServer(value: unknown): value is ServerCredentials {
  return (
    isRecord(value) &&
    isOptionalText(value["operatorSecret"]) &&
    isOptionalText(value["nextOperatorSecret"]) &&
    isRecord(value["projects"]) &&
    Object.values(value["projects"]).every(isProject)
  );
}

function isProject(value: unknown): value is ProjectCredentials {
  return isRecord(value) && ["secret", "nextSecret", "token"].every((name) => isOptionalText(value[name]));
}

/** What was saved for a server. `server` is any URL of it: its origin counts, which is scheme, host and port. */
export async function credentialsFor(folder: ConfigFolder, server: string): Promise<ServerCredentials> {
  const { servers } = await loadStore(folder, STORE);
  return own(servers, new URL(server).origin) ?? NOTHING;
}

/** What was saved for one project of a server. */
export function projectCredentials({ projects }: ServerCredentials, project: string): ProjectCredentials {
  return own(projects, project) ?? {};
}

/** Changes what was saved for a project while no other command can. Nothing left is nothing saved. */
export function changeProjectCredentials(
  folder: ConfigFolder,
  server: string,
  project: string,
  make: (held: ProjectCredentials) => ProjectCredentials,
): Promise<ServerCredentials> {
  return change(folder, server, (all) => {
    const held = projectCredentials(all, project);
    const next = make(held);
    if (next === held) return all;
    const isEmpty = Object.values(next).every((value) => value === undefined);
    return { ...all, projects: isEmpty ? without(all.projects, project) : { ...all.projects, [project]: next } };
  });
}

/** Saves the secret that signs a project's tokens, in the place of an earlier one. */
export function saveProjectSecret(
  folder: ConfigFolder,
  server: string,
  project: string,
  secret: string,
): Promise<ServerCredentials> {
  return changeProjectCredentials(folder, server, project, (held) => ({ ...held, secret }));
}

/** Saves a token of a project that somebody else has signed. A saved secret goes before it. */
export function saveProjectToken(
  folder: ConfigFolder,
  server: string,
  project: string,
  token: string,
): Promise<ServerCredentials> {
  return changeProjectCredentials(folder, server, project, (held) => ({ ...held, token }));
}

/** Saves the secret that signs operators' tokens for a server, which has it: earlier ones are forgotten. */
export function saveOperatorSecret(folder: ConfigFolder, server: string, secret: string): Promise<ServerCredentials> {
  return change(folder, server, ({ nextOperatorSecret: _next, ...all }) => ({ ...all, operatorSecret: secret }));
}

/** Saves a secret before the server is given it. The one that the server may have stays until it is known. */
export function prepareOperatorSecret(
  folder: ConfigFolder,
  server: string,
  secret: string,
): Promise<ServerCredentials> {
  return change(folder, server, (all) =>
    all.operatorSecret === undefined || all.operatorSecret === secret
      ? { ...all, operatorSecret: secret }
      : { ...all, nextOperatorSecret: secret },
  );
}

/** Forgets a secret that the server was to be given: it has another now. */
export function dropNextOperatorSecret(folder: ConfigFolder, server: string): Promise<ServerCredentials> {
  return change(folder, server, (all) => {
    if (all.nextOperatorSecret === undefined) return all;
    const { nextOperatorSecret: _next, ...rest } = all;
    return rest;
  });
}

/** Forgets what was saved for a project of a server. */
export function removeProjectCredentials(
  folder: ConfigFolder,
  server: string,
  project: string,
): Promise<ServerCredentials> {
  return changeProjectCredentials(folder, server, project, () => ({}));
}

/** Forgets the secret of a server's operators. */
export function forgetOperatorSecret(folder: ConfigFolder, server: string): Promise<ServerCredentials> {
  return change(folder, server, (all) => {
    if (all.operatorSecret === undefined && all.nextOperatorSecret === undefined) return all;
    const { operatorSecret: _forgotten, nextOperatorSecret: _next, ...rest } = all;
    return rest;
  });
}

/** Forgets everything that was saved for a server. */
export function forgetServer(folder: ConfigFolder, server: string): Promise<ServerCredentials> {
  return change(folder, server, () => NOTHING);
}

async function change(
  folder: ConfigFolder,
  server: string,
  make: (current: ServerCredentials) => ServerCredentials,
): Promise<ServerCredentials> {
  const { origin } = new URL(server);
  const { servers } = await changeStore(folder, STORE, (all) => {
    const current = own(all.servers, origin) ?? NOTHING;
    const next = make(current);
    if (next === current) return all;
    const hasSecret = next.operatorSecret !== undefined || next.nextOperatorSecret !== undefined;
    const isEmpty = !hasSecret && Object.keys(next.projects).length === 0;
    return { ...all, servers: isEmpty ? without(all.servers, origin) : { ...all.servers, [origin]: next } };
  });
  return own(servers, origin) ?? NOTHING;
}
