import { protocolError, quote } from "../../../protocol/errors.ts";
import { acceptedKeys, type ProjectRecord } from "../../../protocol/project.ts";
import { bindingError } from "../configuration.ts";
import type { BaseEnv } from "../../env.ts";
import { INDEX_NAME, type ProjectDO } from "../../projects/project-do.ts";
import { respondError } from "../responses.ts";
import { respondJson } from "./answers.ts";

/** The way to the objects of projects. */
export interface Projects {
  /** Asks the object of a project, and answers for one that does not. */
  of(name: string, ask: (object: DurableObjectStub<ProjectDO>) => Promise<Response>): Promise<Response>;
  /** The same with the object of the list, and the way to those of projects. */
  all(
    ask: (index: DurableObjectStub<ProjectDO>, of: (name: string) => DurableObjectStub<ProjectDO>) => Promise<Response>,
  ): Promise<Response>;
}

const UNAVAILABLE = protocolError(
  "UNAVAILABLE",
  "The project's object, or what it needs, did not answer; send the same request again, which does no harm if it was done.",
);

export function projectsOf({ PROJECTS: objects }: Pick<BaseEnv, "PROJECTS">): Projects {
  const orAnswer = async (
    work: (of: (name: string) => DurableObjectStub<ProjectDO>) => Promise<Response>,
  ): Promise<Response> => {
    if (objects === undefined) return respondError(bindingError("PROJECTS"));
    try {
      return await work((name) => objects.getByName(name));
    } catch (error) {
      console.error(error);
      return respondError(UNAVAILABLE);
    }
  };
  return {
    of: (name, ask) => orAnswer((of) => ask(of(name))),
    all: (ask) => orAnswer((of) => ask(of(INDEX_NAME), of)),
  };
}

/** What operators are told of a project: everything but its secrets. */
export function projectFacts(record: ProjectRecord): object {
  const { name, version, createdAtMs, corsOrigins, bodyMaxBytes, readersMax, streamsMax } = record;
  const keys = acceptedKeys(record, Date.now()).map(({ kid, createdAtMs: keyCreatedAtMs, retiresAtMs }) => ({
    kid,
    state: retiresAtMs === undefined ? "active" : "retiring",
    createdAtMs: keyCreatedAtMs,
    retiresAtMs,
  }));
  return { name, version, createdAtMs, corsOrigins, bodyMaxBytes, readersMax, streamsMax, keys };
}

/** The answer that shows a project; `secret` only if this very request made one, which nobody is told again. */
export function respondProject(record: ProjectRecord, status: 200 | 201 = 200, secret?: string): Response {
  return respondJson({ project: projectFacts(record), secret }, status);
}

export function respondNoProject(name: string): Response {
  return respondError(
    protocolError("PROJECT_NOT_FOUND", `There is no project ${quote(name)}; POST /v1/__ds/projects creates one.`),
  );
}
