import { DEFAULT_PROJECT } from "../../protocol/path.ts";
import type { SecretKind } from "../../protocol/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { isLoopback } from "../config/add-context.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { credentialsFor, projectCredentials } from "../config/credentials.ts";
import { EXIT } from "../exit-codes.ts";
import { requireSecret } from "./secret-input.ts";

/** Variables that carry a secret. */
const VARIABLE: Readonly<Record<SecretKind, string>> = {
  project: "DURABLE_STREAMS_SIGNING_SECRET",
  operator: "DURABLE_STREAMS_OPERATOR_SECRET",
};

/** The environment's secret, checked. */
export function secretOfEnvironment(kind: SecretKind): string | undefined {
  const secret = process.env[VARIABLE[kind]];
  return secret === undefined || secret === "" ? undefined : requireSecret(secret, kind, VARIABLE[kind]);
}

/** The secret that was saved for a project. `isHeard` unless nobody has heard whether the server has it. */
export async function savedSigningSecret(
  folder: ConfigFolder,
  server: string,
  project: string,
): Promise<{ readonly secret: string; readonly isHeard: boolean }> {
  const { secret, nextSecret } = projectCredentials(await credentialsFor(folder, server), project);
  const found = secret ?? nextSecret;
  if (found !== undefined) {
    const source = `The secret saved for ${JSON.stringify(project)}`;
    return { secret: requireSecret(found, "project", source), isHeard: secret !== undefined };
  }
  const { origin } = new URL(server);
  const which = project === DEFAULT_PROJECT ? "the default project" : `the project ${JSON.stringify(project)}`;
  throw new CommandFailure({
    code: "NO_SIGNING_SECRET",
    message: `No signing secret is saved for ${which} of ${origin}.`,
    hint: `Give it by ${VARIABLE.project} or --secret -, or name the server and project by --url, --project or --context.${mayAskForNone(server, project)}`,
    exitCode: EXIT.notAllowed,
  });
}

/** Nobody asks the server here; one of this machine's default project may well be one that lets everybody in. */
function mayAskForNone(server: string, project: string): string {
  if (!isLoopback(server) || project !== DEFAULT_PROJECT) return "";
  return "\nIf durable-streams dev runs that server without --auth, it asks for no token: leave it out. dev --auth runs one that does, and saves its secret here.";
}

/** Everything saved that may have signed a token of this kind. */
export async function savedSecrets(
  folder: ConfigFolder,
  server: string,
  kind: SecretKind,
  project: string,
): Promise<readonly string[]> {
  const credentials = await credentialsFor(folder, server);
  const { secret, nextSecret } = projectCredentials(credentials, project);
  const { operatorSecret, nextOperatorSecret } = credentials;
  const found = kind === "operator" ? [operatorSecret, nextOperatorSecret] : [secret, nextSecret];
  return found.filter((each) => each !== undefined);
}
