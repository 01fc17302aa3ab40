import { changeContexts, contextNamed, loadContexts, withContext } from "../config/contexts.ts";
import { awaitOperator, awaitVersion, glanceAt, operatorSecretHint, type ServerAccess } from "./deployed-server.ts";
import type { DeployOptions } from "./deploy-options.ts";
import type { OperatorSecret } from "./operator-secret.ts";
import type { Prepared } from "./prepare.ts";
import { smokeTest } from "./smoke-test.ts";
import type { Steps } from "./steps.ts";

export interface SavedContext {
  /** Its name. */
  readonly context: string;
  /** Whether commands in any folder use it when they are not told another. */
  readonly isActive: boolean;
}

/** What was found out about the deployed server. */
export interface Finished extends SavedContext {
  /** What the server was seen to do. */
  readonly checks: readonly string[];
}

function accessTo(options: DeployOptions, { destination }: Prepared): ServerAccess {
  const { userAgent, signal, trace, notices } = options;
  return {
    url: destination.url,
    userAgent,
    signal,
    trace,
    onWait: (reason) => {
      notices.note(`  Waiting: ${reason}.`);
    },
  };
}

/** The context of an earlier run that came to its end: it is what a run saves last. */
export async function finishedContext(
  options: DeployOptions,
  { target, destination }: Prepared,
): Promise<SavedContext | undefined> {
  const all = await loadContexts(options.config);
  if (contextNamed(all, target.name)?.url !== destination.url) return undefined;
  return { context: target.name, isActive: all.active === target.name };
}

/** Uses the server, and saves the context when all is well. */
export async function finish(options: DeployOptions, prepared: Prepared, steps: Steps): Promise<Finished> {
  const access = accessTo(options, prepared);
  const { target, destination, operatorSecret } = prepared;
  const version = target.main === undefined ? options.version : undefined;
  await steps.run(
    `Waiting for ${destination.url}`,
    () => awaitVersion(access, version),
    (health) => `it answers, in version ${health.version}`,
  );
  const checks = ["health", "version", ...(await useServer(access, options, operatorSecret, steps))];
  return { checks, ...(await saveContext(options, prepared)) };
}

async function useServer(
  access: ServerAccess,
  { notices }: DeployOptions,
  { value: secret, action }: OperatorSecret,
  steps: Steps,
): Promise<readonly string[]> {
  if (secret === undefined) {
    notices.warning(
      `The Worker has an operator secret that is not held here, so streams are not tried. ${operatorSecretHint}`,
    );
    return [];
  }
  const { auth } = await steps.run(
    "Asking as an operator",
    () => awaitOperator(access, secret, action !== "keep"),
    () => "the operator secret is taken",
  );
  // Whom a Worker with callbacks of its own lets in, only its owner knows.
  if (auth !== "project") return ["operator"];
  const done = await steps.run(
    "Trying streams, in a project of their own",
    () => smokeTest(access, secret),
    (checks) => checks.join(", "),
  );
  return ["operator", ...done];
}

async function saveContext(options: DeployOptions, { target, destination }: Prepared): Promise<SavedContext> {
  const { name } = target;
  const { url } = destination;
  const { active } = await changeContexts(options.config, (all) =>
    contextNamed(all, name)?.url === url ? all : withContext(all, name, { url }),
  );
  return { context: name, isActive: active === name };
}

/** A glance at a deployment that needs nothing: that it answers, and takes the secret that is held. */
export async function glance(options: DeployOptions, prepared: Prepared, steps: Steps): Promise<readonly string[]> {
  const { value } = prepared.operatorSecret;
  const access = accessTo(options, prepared);
  await steps.run(
    `Asking ${access.url}`,
    () => glanceAt(access, value),
    (health) => `it answers, in version ${health.version}`,
  );
  return value === undefined ? ["health"] : ["health", "operator"];
}
