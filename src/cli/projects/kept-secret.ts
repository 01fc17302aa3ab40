import { newSecret } from "../../protocol/secret.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { changeProjectCredentials, credentialsFor, projectCredentials } from "../config/credentials.ts";

/** What this machine has of a project's secrets. */
export interface HeldSecrets {
  /** The server had it when it was last asked. */
  readonly secret?: string | undefined;
  /** It was sent, or was about to be, and nobody heard what became of it. */
  readonly nextSecret?: string | undefined;
}

/** Where the secrets that were made for a project of a server are kept while it is not certain which of them it has. */
export interface SecretKeeper {
  held(): Promise<HeldSecrets>;
  /** Keeps a secret before it is sent; without one it makes one, or takes up the one whose fate nobody heard. */
  prepare(given: string | undefined): Promise<string>;
  /** The server has it now. */
  confirm(secret: string): Promise<void>;
  /** The server does not have it. */
  drop(secret: string): Promise<void>;
  /** Forgets all: there is no such project any more. */
  forget(): Promise<void>;
}

/** Keeps secrets in the credentials, so that neither a crash nor a lost answer loses one that the server has. */
export function keepInCredentials(folder: ConfigFolder, server: string, project: string): SecretKeeper {
  const change = async (make: (held: HeldSecrets) => HeldSecrets): Promise<void> => {
    await changeProjectCredentials(folder, server, project, make);
  };
  return {
    held: async () => projectCredentials(await credentialsFor(folder, server), project),
    async prepare(given) {
      let prepared = "";
      await change((held) => {
        prepared = given ?? held.nextSecret ?? newSecret("project");
        return { ...held, nextSecret: prepared };
      });
      return prepared;
    },
    confirm: (secret) => change((held) => ({ ...withoutNext(held, secret), secret })),
    drop: (secret) => change((held) => withoutNext(held, secret)),
    forget: () => change(({ secret: _secret, nextSecret: _next, ...rest }) => rest),
  };
}

/** Keeps nothing: whoever asked for that is shown the secret. */
export const KEEP_NOTHING: SecretKeeper = {
  held: () => Promise.resolve({}),
  prepare: (given) => Promise.resolve(given ?? newSecret("project")),
  confirm: () => Promise.resolve(),
  drop: () => Promise.resolve(),
  forget: () => Promise.resolve(),
};

/** Another command may have begun with yet another secret meanwhile, which stays. */
function withoutNext(held: HeldSecrets, secret: string): HeldSecrets {
  if (held.nextSecret !== secret) return held;
  const { nextSecret: _taken, ...rest } = held;
  return rest;
}
