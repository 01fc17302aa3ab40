import type { BaseEnv } from "../../env.ts";
import type { Surroundings } from "../authorization.ts";
import { streamContext } from "../handle-stream.ts";
import { respondError, respondMethodNotAllowed } from "../responses.ts";
import { operatorGate, refuseOperator } from "./access.ts";
import { respondOperatorHealth } from "./health.ts";
import { deleteKeys, rotateKey } from "./keys.ts";
import { respondMetrics } from "./metrics.ts";
import type { OperatorRoute } from "./operator-route.ts";
import { projectsOf } from "./project-objects.ts";
import { changeProject, createProject, deleteProject, listProjects, showProject } from "./projects.ts";
import { STREAM_SUBJECTS } from "./stream-subjects.ts";

type Handler = () => Promise<Response>;
type Handlers = Readonly<Partial<Record<string, Handler>>>;

/** A request of an operator. Who is one is decided in `access.ts`. */
export async function handleOperator<E extends BaseEnv>(
  route: OperatorRoute,
  request: Request,
  url: URL,
  around: Surroundings<E>,
): Promise<Response> {
  around.measurement.is("operator");
  const gate = operatorGate(route, request, around.env);
  if (gate.kind === "closed") return respondError(gate.error);
  const handlers = handlersOf(route, request, url, around);
  const handle = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
  if (handle === undefined) return respondMethodNotAllowed(request.method, Object.keys(handlers).join(", "));
  const access = request.method === "GET" ? "read" : "mutation";
  return (await refuseOperator(gate, access, request, url, around)) ?? handle();
}

/** What can be done on a route, by method. */
function handlersOf<E extends BaseEnv>(
  route: OperatorRoute,
  request: Request,
  url: URL,
  around: Surroundings<E>,
): Handlers {
  const projects = projectsOf(around.env);
  switch (route.about) {
    case "health":
      return { GET: () => Promise.resolve(respondOperatorHealth(around)) };
    case "metrics":
      return { GET: () => Promise.resolve(respondMetrics()) };
    case "projects":
      return { GET: () => listProjects(projects, url), POST: () => createProject(projects, request) };
    case "project":
      return {
        GET: () => showProject(projects, route.name),
        PATCH: () => changeProject(projects, route.name, request),
        DELETE: () => deleteProject(projects, route.name),
      };
    case "keys":
      return {
        POST: () => rotateKey(projects, route.name, request),
        DELETE: () => deleteKeys(projects, route.name, undefined),
      };
    case "key":
      return { DELETE: () => deleteKeys(projects, route.name, route.kid) };
    case "stream": {
      const { method, respond } = STREAM_SUBJECTS[route.subject];
      return { [method]: () => respond(streamContext({ request, url, name: route.doKey }, around)) };
    }
  }
}
