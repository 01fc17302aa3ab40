import { setTimeout as wait } from "node:timers/promises";
import { AccessDeniedError } from "../../client/errors/access-denied-error.ts";
import { isClientError, type ClientError } from "../../client/errors/client-error.ts";
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
const KNOWN_SECRET_PATIENCE_MS = 15_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const NOTE_EVERY_MS = 10_000;
const OPERATOR_TOKEN_SECONDS = 60;

/** Signs what proves an operator to a server. */
export function operatorToken(secret: string, url: string): Promise<string> {
  return mintOperatorToken(secret, { host: new URL(url).host, ttlSeconds: OPERATOR_TOKEN_SECONDS });
}

/** Asks once; with a secret as an operator. */
async function askHealth(access: ServerAccess, secret?: string): Promise<ServerHealth> {
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
  const ask = async (): Promise<ServerHealth | NotYet> => {
    const found = await askHealth(access);
    if (version === undefined || found.version === version) return found;
    return new NotYet(`it still answers in version ${found.version}`);
  };
  // Until a new name is known, somebody else may answer for it, anything.
  const health = await repeated(access, ask, { patienceMs: PATIENCE_MS, isPassing: () => true });
  if (!(health instanceof NotYet)) return health;
  throw new CommandFailure({
    code: "DEPLOYMENT_NOT_THERE",
    message: `The Worker is deployed, and ${access.url} does not answer as it should: ${health.reason}.`,
    hint: "A new address can take some minutes. Run deploy again: it goes on here. If it stays so, check url and customDomain in the project file.",
    exitCode: EXIT.retry,
  });
}

/** Waits until the server takes the operator secret; not for long where it should have it already. */
export async function awaitOperator(access: ServerAccess, secret: string, isNew: boolean): Promise<ServerHealth> {
  const health = await repeated(access, () => askHealth(access, secret), {
    patienceMs: isNew ? PATIENCE_MS : KNOWN_SECRET_PATIENCE_MS,
    // A Worker that has no secret yet, or still another one, refuses; anything else is no matter of waiting.
    isPassing: (error) => error instanceof AccessDeniedError || error.retryable,
  });
  if (health instanceof NotYet) throw secretRefused(access.url, health.reason);
  return health;
}

function secretRefused(url: string, reason: string): CommandFailure {
  return new CommandFailure({
    code: "OPERATOR_SECRET_REFUSED",
    message: `${url} does not take the operator secret that is held here: ${reason}.`,
    hint: operatorSecretHint,
    exitCode: EXIT.notAllowed,
  });
}

/** Asks once how a server is that should be well. */
export async function glanceAt(access: ServerAccess, secret: string | undefined): Promise<ServerHealth> {
  try {
    return await askHealth(access, secret);
  } catch (error) {
    throw error instanceof AccessDeniedError ? secretRefused(access.url, sentence(error)) : error;
  }
}

export const operatorSecretHint =
  "Give the right one by DURABLE_STREAMS_OPERATOR_SECRET, or put another in its place by: durable-streams deploy --rotate-operator-secret";

function sentence(error: Error): string {
  // That it is a refusal is said by whoever tells the reason.
  const { message } = error instanceof AccessDeniedError ? { message: error.reason ?? error.message } : error;
  return message.replace(/\.$/, "");
}

/** What came instead of what is waited for. */
class NotYet {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

interface Patience {
  readonly patienceMs: number;
  /** Whether what went wrong may pass by itself. */
  readonly isPassing: (error: ClientError) => boolean;
}

/** Tries again until it succeeds, patience ends, or something goes wrong that will not pass. */
async function repeated<T>(
  { signal, onWait }: ServerAccess,
  attempt: () => Promise<T | NotYet>,
  { patienceMs, isPassing }: Patience,
): Promise<T | NotYet> {
  const startedMs = performance.now();
  let notedMs = startedMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const result = await attempt().catch((error: unknown) => {
      if (isClientError(error) && isPassing(error)) return new NotYet(sentence(error));
      throw error;
    });
    if (!(result instanceof NotYet)) return result;
    const nowMs = performance.now();
    if (nowMs - startedMs + pauseMs > patienceMs) return result;
    if (nowMs - notedMs > NOTE_EVERY_MS) {
      notedMs = nowMs;
      onWait(result.reason);
    }
    await wait(pauseMs, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}
