import { streamPlace } from "../../client/stream-place.ts";
import { DEFAULT_PROJECT } from "../../protocol/path.ts";
import { keyId } from "../../protocol/secret.ts";
import { streamUrl } from "../server-address.ts";
import type { ConfigFolder } from "./config-folder.ts";
import type { Context, Contexts } from "./contexts.ts";
import { credentialsFor, forgetOperatorSecret, projectCredentials, removeProjectCredentials } from "./credentials.ts";

/** What is saved for a server and a project of it: that it is there, and never what it is. */
export interface SavedCredentials {
  /** The `kid` of the key that signs the project's tokens. */
  readonly signingKey?: string | undefined;
  readonly hasToken: boolean;
  /** The `kid` of the key that signs operators' tokens. */
  readonly operatorKey?: string | undefined;
}

/**
 * The project under whose name credentials are kept. Other servers have none, so theirs are kept as the default one's.
 * Refuses a URL that cannot be a server's, or has no place for the project.
 */
export function credentialsProject({ url, project }: Context): string {
  return placeOf({ url, project })?.project ?? DEFAULT_PROJECT;
}

/** Whether the URL is that of a server of ours, as far as URLs tell. */
export function isOurs(context: Context): boolean {
  return placeOf(context) !== undefined;
}

function placeOf({ url, project }: Context): ReturnType<typeof streamPlace> {
  return streamPlace(streamUrl({ url, project }, "x"));
}

export async function savedCredentials(folder: ConfigFolder, context: Context): Promise<SavedCredentials> {
  const server = await credentialsFor(folder, context.url);
  const { secret, nextSecret, token } = projectCredentials(server, credentialsProject(context));
  const signing = secret ?? nextSecret;
  const { operatorSecret } = server;
  return {
    signingKey: signing === undefined ? undefined : await keyId(signing),
    hasToken: token !== undefined,
    operatorKey: operatorSecret === undefined ? undefined : await keyId(operatorSecret),
  };
}

/** Forgets what no context needs any more of what is saved for one that is gone; says what that was, to follow "forgot". */
export async function forgetUnused(folder: ConfigFolder, left: Contexts, gone: Context): Promise<readonly string[]> {
  const { origin } = new URL(gone.url);
  const project = credentialsProject(gone);
  const { signingKey, hasToken, operatorKey } = await savedCredentials(folder, gone);
  const others = Object.values(left.contexts).filter(({ url }) => URL.canParse(url) && new URL(url).origin === origin);
  const forgotten: string[] = [];
  if (others.length === 0 && operatorKey !== undefined) {
    await forgetOperatorSecret(folder, origin);
    forgotten.push(`the operator secret of ${origin}`);
  }
  const isProjectUsed = others.some((each) => credentialsProject(each) === project);
  if (isProjectUsed || (signingKey === undefined && !hasToken)) return forgotten;
  await removeProjectCredentials(folder, origin, project);
  return [...forgotten, `what opens its project ${JSON.stringify(project)}`];
}
