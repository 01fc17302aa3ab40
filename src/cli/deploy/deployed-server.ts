import { setTimeout as wait } from "node:timers/promises";
import { isClientError } from "../../client/errors/client-error.ts";
import { operatorHealth, serverHealth, type ServerHealth } from "../../client/health.ts";
import { Transport } from "../../client/transport.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { mintOperatorToken } from "../tokens/mint.ts";

/** How a deployed server is talked to. */
export interface ServerAccess {
  readonly url: string;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  readonly trace?: ((line: string) => void) | undefined;
  /** Told, now and then, why it is still being waited for. */
  readonly onWait: (reason: string) => void;
}

/** A new name takes Cloudflare a while to know everywhere, and so do a new version and a new secret. */
const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const NOTE_EVERY_MS = 10_000;
const OPERATOR_TOKEN_SECONDS = 60;

/** Signs what proves an operator to a server. */
export function operatorToken(secret: string, url: string): Promise<string> {
  return mintOperatorToken(secret, { host: new URL(url).host, ttlSeconds: OPERATOR_TOKEN_SECONDS });
}

/** Asks once; with a secret as an operator. */
export async function askHealth(access: ServerAccess, secret?: string): Promise<ServerHealth> {
  const { url, userAgent, signal, trace } = access;
  const token = secret === undefined ? undefined : await operatorToken(secret, url);
  const transport = new Transport({ token, userAgent, trace });
  try {
    return await (secret === undefined ? serverHealth : operatorHealth)(transport, url, signal);
  } finally {
    await transport.close();
  }
}

/** Waits until the server answers, and in the version that was deployed where that is known. */
export async function awaitVersion(access: ServerAccess, version: string | undefined): Promise<ServerHealth> {
  const health = await repeated(access, async () => {
    const found = await askHealth(access);
    if (version === undefined || found.version === version) return found;
    return new NotYet(`it still answers in version ${found.version}`);
  });
  if (!(health instanceof NotYet)) return health;
  throw new CommandFailure({
    code: "DEPLOYMENT_NOT_THERE",
    message: `The Worker is deployed, and ${access.url} does not answer as it should: ${health.reason}.`,
    hint: "A new address can take some minutes. Run deploy again: it goes on here. If it stays so, check url and customDomain in the project file.",
    exitCode: EXIT.retry,
  });
}

/** Waits until the server takes the operator secret. */
export async function awaitOperator(access: ServerAccess, secret: string): Promise<ServerHealth> {
  const health = await repeated(access, () => askHealth(access, secret));
  if (!(health instanceof NotYet)) return health;
  throw new CommandFailure({
    code: "OPERATOR_SECRET_REFUSED",
    message: `${access.url} does not take the operator secret that is held here: ${health.reason}.`,
    hint: operatorSecretHint,
    exitCode: EXIT.notAllowed,
  });
}

export const operatorSecretHint =
  "Give the right one by DURABLE_STREAMS_OPERATOR_SECRET, or put another in its place by: durable-streams deploy --rotate-operator-secret";

/** What came instead of what is waited for. */
class NotYet {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Tries again until it succeeds or patience ends; whatever the server says may be what it still says. */
async function repeated<T>({ signal, onWait }: ServerAccess, attempt: () => Promise<T | NotYet>): Promise<T | NotYet> {
  const startedMs = performance.now();
  let notedMs = startedMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const result = await attempt().catch((error: unknown) => {
      if (isClientError(error)) return new NotYet(error.message.replace(/\.$/, ""));
      throw error;
    });
    if (!(result instanceof NotYet)) return result;
    const nowMs = performance.now();
    if (nowMs - startedMs + pauseMs > PATIENCE_MS) return result;
    if (nowMs - notedMs > NOTE_EVERY_MS) {
      notedMs = nowMs;
      onWait(result.reason);
    }
    await wait(pauseMs, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}
