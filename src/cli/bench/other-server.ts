import { AccessDeniedError } from "../../client/errors/access-denied-error.ts";
import { StreamClient } from "../../client/stream-client.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ConfigFolder } from "../config/config-folder.ts";
import { EXIT } from "../exit-codes.ts";
import { requireToken } from "../token.ts";
import { RequestTokens } from "../tokens/request-tokens.ts";

const VARIABLE = "DURABLE_STREAMS_COMPARE_TOKEN";

/** A client for the server that is compared with: the first one's token does not go there. */
export function otherServerClient(folder: ConfigFolder, userAgent: string): StreamClient {
  const given = process.env[VARIABLE];
  const token = given === undefined || given === "" ? undefined : requireToken(given);
  const tokens = new RequestTokens({
    folder,
    token: token === undefined ? undefined : { value: token, from: "environment" },
    signingSecret: undefined,
    operatorSecret: undefined,
    untrustedOrigin: undefined,
  });
  return new StreamClient({ token: tokens.provide, userAgent });
}

/** Says of a refusal whose token was not enough. */
export function otherServerFailure(error: unknown): unknown {
  if (!(error instanceof AccessDeniedError)) return error;
  const { code, message } = error;
  const hint = `Give a token for the server of --compare by ${VARIABLE}, or save its credentials: durable-streams context add`;
  return new CommandFailure({ code, message, hint, exitCode: EXIT.notAllowed }, { cause: error });
}
