import { setTimeout as wait } from "node:timers/promises";
import { isClientError } from "../../client/errors/client-error.ts";
import { isOutcomeUnknown } from "../../client/known-outcome.ts";
import type { ProjectFacts, ProjectsClient } from "../../client/projects.ts";
import { PROJECT_RECHECK_MS } from "../../protocol/limits.ts";
import { keyId } from "../../protocol/secret.ts";
import type { SecretKeeper } from "./kept-secret.ts";

export interface RotatedProject {
  readonly project: ProjectFacts;
  readonly secret: string;
  /** An earlier rotation had gone through unheard, and this one had nothing left to do. */
  readonly resumed: boolean;
}

interface Rotation {
  readonly client: ProjectsClient;
  readonly keeper: SecretKeeper;
  readonly name: string;
  /** The secret that somebody brings along; without one it is made here. */
  readonly given: string | undefined;
  /** How long the old keys go on; 0 revokes them at once. Default: the server's. */
  readonly overlapSeconds: number | undefined;
}

/**
 * Makes a new key the one that signs. Until the server is known to have it, everywhere, old and new secret are both kept, and
 * the old one signs; a command that ended in between is taken up by the next one.
 */
export async function rotateProject(rotation: Rotation): Promise<RotatedProject> {
  const { client, keeper, name, given, overlapSeconds } = rotation;
  const settled = await settle(client, keeper, name);
  const isDone = settled !== undefined && (given === undefined || given === settled.secret);
  // Revoking is more than the earlier rotation may have been asked for.
  if (isDone && overlapSeconds !== 0) return { ...settled, resumed: true };
  const secret = await keeper.prepare(isDone ? settled.secret : given);
  try {
    const project = await client.rotate(name, secret, overlapSeconds);
    // Whoever asked for the project's keys just before asks again for one that is not among them, but not before this.
    await wait(PROJECT_RECHECK_MS);
    await keeper.confirm(secret);
    return { project, secret, resumed: false };
  } catch (error) {
    if (isClientError(error) && !isOutcomeUnknown(error)) await keeper.drop(secret);
    throw error;
  }
}

/**
 * Finds out what became of a secret that was sent unheard. One that does not sign is not sent again: another key may have
 * taken over since, and this one may have been revoked for a reason.
 */
async function settle(
  client: ProjectsClient,
  keeper: SecretKeeper,
  name: string,
): Promise<{ readonly project: ProjectFacts; readonly secret: string } | undefined> {
  const { nextSecret } = await keeper.held();
  if (nextSecret === undefined) return undefined;
  const project = await client.show(name);
  if (!(await isSigning(project, nextSecret))) {
    await keeper.drop(nextSecret);
    return undefined;
  }
  await keeper.confirm(nextSecret);
  return { project, secret: nextSecret };
}

/** Whether a secret is that of the key that signs. */
async function isSigning({ keys }: ProjectFacts, secret: string): Promise<boolean> {
  return keys[0]?.kid === (await keyId(secret));
}

/** The second phase: every key but the one that signs retires. */
export async function finishRotation(
  client: ProjectsClient,
  keeper: SecretKeeper,
  name: string,
): Promise<ProjectFacts> {
  await settle(client, keeper, name);
  return client.finish(name);
}
