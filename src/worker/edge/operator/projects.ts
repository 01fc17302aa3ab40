import { protocolError, quote } from "../../../protocol/errors.ts";
import { isProjectName } from "../../../protocol/path.ts";
import { noProjectName } from "../named-stream.ts";
import { parseLimit } from "../page-limit.ts";
import { respond, respondError } from "../responses.ts";
import { CACHE_CONTROL, respondJson } from "./answers.ts";
import { invalidField, keyOf, readFields, settingsOf } from "./fields.ts";
import { projectFacts, respondNoProject, respondProject, type Projects } from "./project-objects.ts";

/** Most projects in one answer: each is asked for by a request of its own. */
const PAGE_MAX = 100;

/** `GET /v1/__ds/projects`: all projects by name, in pages. `cursor` is the last name of the page before. */
export function listProjects(projects: Projects, { searchParams }: URL): Promise<Response> {
  return projects.all(async (index, of) => {
    const cursor = searchParams.get("cursor");
    if (cursor !== null && !isProjectName(cursor)) return respondError(noProjectName(cursor));
    const limit = parseLimit(searchParams.get("limit"), PAGE_MAX);
    if (!limit.ok) return respondError(limit.error);
    const names = await index.names(cursor ?? "", limit.value);
    // A name is there before its project is, and may stay when its creation failed.
    const records = await Promise.all(names.map(async (name) => of(name).record(name)));
    const last = names.length === limit.value ? names.at(-1) : undefined;
    return respondJson({
      projects: records.filter((record) => record !== undefined).map(projectFacts),
      cursor: last ?? null,
    });
  });
}

/** `POST /v1/__ds/projects`: creates a project, or confirms that it is there with this very key. */
export async function createProject(projects: Projects, request: Request): Promise<Response> {
  const fields = await readFields(request, ["name", "secret", "settings"]);
  if (!fields.ok) return respondError(fields.error);
  const { name } = fields.value;
  if (typeof name !== "string") return respondError(invalidField("The field `name`, of the new project, is missing."));
  if (!isProjectName(name)) return respondError(noProjectName(name));
  const settings = settingsOf(fields.value);
  if (!settings.ok) return respondError(settings.error);
  const key = await keyOf(fields.value);
  if (!key.ok) return respondError(key.error);
  return projects.of(name, async (object) => {
    const outcome = await object.create(name, key.value.key, settings.value);
    switch (outcome.kind) {
      case "created":
        return respondProject(outcome.record, 201, key.value.made);
      case "confirmed":
        return respondProject(outcome.record);
      case "exists":
        return respondError(protocolError("PROJECT_EXISTS", existsMessage(name, outcome.differs)));
    }
  });
}

function existsMessage(name: string, differs: "key" | "settings"): string {
  return differs === "key"
    ? `The project ${quote(name)} is there already, with another key; rotate its key, or delete it first.`
    : `The project ${quote(name)} is there already with this key, but with other settings; change them with PATCH.`;
}

/** `GET /v1/__ds/projects/{name}`. */
export function showProject(projects: Projects, name: string): Promise<Response> {
  return projects.of(name, async (object) => {
    const record = await object.record(name);
    return record === undefined ? respondNoProject(name) : respondProject(record);
  });
}

/** `PATCH /v1/__ds/projects/{name}`: changes the settings that are named, and leaves the others. */
export async function changeProject(projects: Projects, name: string, request: Request): Promise<Response> {
  const fields = await readFields(request, ["settings"]);
  if (!fields.ok) return respondError(fields.error);
  if (fields.value["settings"] === undefined) {
    return respondError(invalidField("The field `settings`, with what is to change, is missing."));
  }
  const settings = settingsOf(fields.value);
  if (!settings.ok) return respondError(settings.error);
  return projects.of(name, async (object) => {
    const outcome = await object.change(name, settings.value);
    return outcome.kind === "absent" ? respondNoProject(name) : respondProject(outcome.record);
  });
}

/** `DELETE /v1/__ds/projects/{name}`: its streams stay, and no token opens them until there is a project of the name. */
export function deleteProject(projects: Projects, name: string): Promise<Response> {
  return projects.of(name, async (object) => {
    const outcome = await object.delete(name);
    return outcome.kind === "absent" ? respondNoProject(name) : respond(204, { "Cache-Control": CACHE_CONTROL });
  });
}
