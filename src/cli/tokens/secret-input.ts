import { boolean, string } from "@oclif/core/flags";
import { type SecretKind, secretProblem } from "../../protocol/secret.ts";
import { usageFailure } from "../command-failure.ts";
import { readFromStdin } from "../token.ts";

/** `--secret -`: a secret never stands on a command line, where process lists and histories show it. */
export const SECRET_FLAG = {
  secret: string({ summary: "Only -: read the signing secret from stdin.", helpValue: "-" }),
};

/** The same under another name. */
export const STDIN_FLAG = {
  stdin: boolean({ summary: "Bring your own signing secret, by stdin.", exclusive: ["secret"] }),
};

/** The secret that the flags announce on stdin, checked; `undefined` without them. */
export async function announcedSecret(
  { secret, stdin = false }: { readonly secret?: string | undefined; readonly stdin?: boolean },
  kind: SecretKind,
): Promise<string | undefined> {
  if (secret === undefined && !stdin) return undefined;
  if (secret !== undefined && secret !== "-") {
    throw usageFailure(
      "--secret takes only -: a secret on the command line is seen by everybody on this machine.",
      "Pipe it in with --secret -. If what was typed is in use, replace it.",
    );
  }
  const given = await readFromStdin("secret", stdin ? "--stdin" : "--secret -");
  return requireSecret(given, kind, "The secret on stdin");
}

/** Refuses a secret that no server takes. No sentence shows it. */
export function requireSecret(secret: string, kind: SecretKind, source: string): string {
  const problem = secretProblem(secret, kind);
  if (problem === undefined) return secret;
  throw usageFailure(`${source} cannot be used. ${problem.message}`);
}
