import { isClientError } from "../../client/errors/client-error.ts";
import { isOutcomeUnknown } from "../../client/known-outcome.ts";
import type { ProjectFacts, ProjectsClient } from "../../client/projects.ts";
import type { SettingsChange } from "../../protocol/project.ts";
import { keyId } from "../../protocol/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-codes.ts";
import type { SecretKeeper } from "./kept-secret.ts";

export interface CreatedProject {
  readonly project: ProjectFacts;
  /** False when it was there already, with a key that this machine has. */
  readonly created: boolean;
  readonly secret: string;
}

interface Creation {
  readonly client: ProjectsClient;
  readonly keeper: SecretKeeper;
  readonly name: string;
  readonly settings: SettingsChange;
  /** The secret that somebody brings along; without one it is made here. */
  readonly given: string | undefined;
}

/**
 * Creates a project. Its secret is kept before it is sent, and forgotten only when the server certainly did not take it:
 * calling it again after a crash or a lost answer ends with a project whose secret is at hand.
 */
export async function createProject(creation: Creation): Promise<CreatedProject> {
  const { client, keeper, name, settings, given } = creation;
  const there = await findHeld(creation);
  if (there !== undefined && (given === undefined || given === there.secret)) return there;
  const secret = await keeper.prepare(given);
  try {
    const { project, created } = await client.create(name, secret, settings);
    await keeper.confirm(secret);
    return { project, created, secret };
  } catch (error) {
    if (isTaken(error)) return takenOver(creation, secret);
    if (isClientError(error) && !isOutcomeUnknown(error)) await keeper.drop(secret);
    throw error;
  }
}

/** The project, where it is there with a key whose secret is kept here. */
async function findHeld({ client, keeper, name }: Creation): Promise<CreatedProject | undefined> {
  const { secret: held, nextSecret } = await keeper.held();
  if (held === undefined && nextSecret === undefined) return undefined;
  const project = await client.find(name);
  if (project === undefined) {
    // One that was deleted gets another secret: what its former life gave away must not open the new one.
    if (held !== undefined && nextSecret !== undefined) await keeper.drop(nextSecret);
    return undefined;
  }
  const kids = new Set(project.keys.map(({ kid }) => kid));
  if (nextSecret !== undefined && kids.has(await keyId(nextSecret))) {
    await keeper.confirm(nextSecret);
    return { project, created: false, secret: nextSecret };
  }
  if (held === undefined || !kids.has(await keyId(held))) return undefined;
  return { project, created: false, secret: held };
}

function isTaken(error: unknown): boolean {
  return isClientError(error) && error.code === "PROJECT_EXISTS";
}

/** It is there: with this very key and other settings, which stay, or with another key. */
async function takenOver({ client, keeper, name, given }: Creation, secret: string): Promise<CreatedProject> {
  const project = await client.show(name);
  const kid = await keyId(secret);
  if (project.keys.some((key) => key.kid === kid)) {
    await keeper.confirm(secret);
    return { project, created: false, secret };
  }
  await keeper.drop(secret);
  throw otherKey(name, given !== undefined);
}

function otherKey(name: string, isGiven: boolean): CommandFailure {
  const key = isGiven ? "the secret that was given is not that of its key" : "its signing secret is not saved here";
  const bring = `Bring its secret along: durable-streams create-project ${name} --stdin. `;
  return new CommandFailure({
    code: "PROJECT_EXISTS",
    message: `There is a project ${JSON.stringify(name)} already, and ${key}.`,
    hint: `${isGiven ? "" : bring}Give it a new one: durable-streams projects rotate ${name}${isGiven ? " --stdin" : ""}`,
    exitCode: EXIT.conflict,
  });
}
