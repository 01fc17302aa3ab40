import { noSuchWorker, ApiError } from "./api-error.ts";
import { ok, param, type Call, type Route } from "./route.ts";
import type { Runtime } from "./runtime.ts";
import { addVersion, deployWhole, migrate, newScript, requireResources, sourceOf } from "./script-changes.ts";
import { anything, boolean, exactly, fields, listOf, nullable, text } from "./shape.ts";
import { activeVersion, type PlaneState, type Script, type StoredBinding } from "./state.ts";
import { readUpload } from "./upload.ts";

export interface ScriptParts {
  readonly state: PlaneState;
  readonly runtime: Runtime;
  readonly violation: (problem: string) => ApiError;
}

const SCRIPT = "/accounts/:account/workers/scripts/:name";
const permission = "Workers Scripts";

export function scriptOf(state: PlaneState, call: Call): Script {
  const script = state.scripts.get(param(call, "name"));
  if (script === undefined) throw noSuchWorker();
  return script;
}

/** A binding as it is told: whoever may read a Worker may not read its secrets. */
export function shownBinding(script: Script, binding: StoredBinding): Record<string, unknown> {
  const { name, type } = binding;
  if (type === "secret_text") return { name, type };
  if (type !== "durable_object_namespace") return { ...binding };
  return { ...binding, namespace_id: script.classes[String(binding["class_name"])]?.namespaceId };
}

function facts(script: Script): Record<string, unknown> {
  const version = activeVersion(script) ?? script.versions.at(-1);
  return {
    id: script.name,
    tag: script.tag,
    tags: script.settings.tags,
    etag: version?.etag,
    handlers: ["fetch"],
    created_on: script.createdOn,
    modified_on: script.modifiedOn,
    last_deployed_from: version?.source,
    usage_model: "standard",
    logpush: script.settings.logpush,
    compatibility_date: version?.compatibilityDate,
    ...(script.migrationTag === undefined ? {} : { migration_tag: script.migrationTag }),
  };
}

/** Workers as a whole. */
export function scriptRoutes({ state, runtime, violation }: ScriptParts): readonly Route[] {
  return [
    {
      name: "GET /accounts/:account/workers/scripts",
      permission,
      handle: () => ok([...state.scripts.values()].map(facts)),
    },
    {
      name: `PUT ${SCRIPT}`,
      permission,
      query: { excludeScript: /^true$/, bindings_inherit: /^strict$/ },
      body: { kind: "form" },
      async handle(call) {
        const name = param(call, "name");
        const upload = await readUpload(call.body, call.headers["content-type"], violation);
        const before = state.scripts.get(name) ?? newScript(name);
        const migrated = migrate(before, upload.migrations);
        const { script, version } = addVersion(migrated, upload, sourceOf(call.headers["user-agent"]));
        requireResources(state, script, version);
        const { logpush = script.settings.logpush, observability = script.settings.observability } = upload;
        const settings = { ...script.settings, logpush, observability };
        await runtime.replace(name, deployWhole({ ...script, settings }, version, "upload"));
        const deploymentId = version.id.replaceAll("-", "");
        return ok({
          ...facts(scriptOf(state, call)),
          deployment_id: deploymentId,
          startup_time_ms: 12,
          has_assets: false,
        });
      },
    },
    {
      name: "GET /accounts/:account/workers/services/:name",
      permission,
      handle(call) {
        const script = state.scripts.get(param(call, "name"));
        if (script === undefined) throw new ApiError(404, 10090, "workers.api.error.service_not_found");
        const { createdOn, modifiedOn } = script;
        const times = { created_on: createdOn, modified_on: modifiedOn };
        const environment = { environment: "production", ...times, script: facts(script) };
        return ok({ id: script.name, default_environment: environment, ...times, environments: [environment] });
      },
    },
    deletion("GET", state, runtime),
    deletion("DELETE service", state, runtime),
    deletion("DELETE script", state, runtime),
    {
      name: `GET /accounts/:account/workers/tails/by-consumer/:name`,
      permission,
      handle: () => ok([]),
    },
    {
      name: `GET ${SCRIPT}/settings`,
      permission,
      handle(call) {
        const script = scriptOf(state, call);
        const version = activeVersion(script);
        const bindings = (version?.bindings ?? []).map((binding) => shownBinding(script, binding));
        return ok({ bindings, compatibility_date: version?.compatibilityDate, ...shownSettings(script) });
      },
    },
    { name: `GET ${SCRIPT}/script-settings`, permission, handle: (call) => ok(shownSettings(scriptOf(state, call))) },
    {
      name: `PATCH ${SCRIPT}/script-settings`,
      permission,
      body: {
        kind: "json",
        shape: fields(
          {},
          { logpush: boolean, tags: nullable(listOf(text)), observability: anything, tail_consumers: anything },
        ),
      },
      handle(call) {
        const script = scriptOf(state, call);
        const { logpush, tags, observability, tail_consumers: tailConsumers } = call.json as Record<string, unknown>;
        const given = { logpush, tags, observability, tailConsumers };
        const changed = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        const next = { ...script, settings: { ...script.settings, ...changed } };
        state.scripts.set(script.name, next);
        return ok(shownSettings(next));
      },
    },
    { name: `GET ${SCRIPT}/subdomain`, permission, handle: (call) => ok(scriptOf(state, call).subdomain) },
    {
      name: `POST ${SCRIPT}/subdomain`,
      permission,
      body: { kind: "json", shape: fields({ enabled: boolean }, { previews_enabled: boolean }) },
      handle(call) {
        const script = scriptOf(state, call);
        const { enabled, previews_enabled: previews = enabled } = call.json as {
          enabled: boolean;
          previews_enabled?: boolean;
        };
        if (enabled && state.subdomain === undefined) throw noSubdomain();
        const subdomain = { enabled, previews_enabled: previews };
        state.scripts.set(script.name, { ...script, subdomain });
        return ok(subdomain);
      },
    },
    {
      name: `GET ${SCRIPT}/schedules`,
      permission,
      handle: (call) => ok({ schedules: [], script: scriptOf(state, call).name }),
    },
    {
      name: `PUT ${SCRIPT}/schedules`,
      permission,
      body: { kind: "json", shape: listOf(exactly()) },
      handle: (call) => ok({ schedules: [], script: scriptOf(state, call).name }),
    },
    {
      name: "GET /accounts/:account/workers/durable_objects/namespaces",
      permission,
      query: { per_page: /^\d+$/, page: /^\d+$/ },
      handle: () =>
        ok(
          [...state.scripts.values()].flatMap((script) =>
            Object.entries(script.classes).map(([name, { namespaceId, sqlite }]) => ({
              id: namespaceId,
              name: `${script.name}_${name}`,
              script: script.name,
              class: name,
              use_sqlite: sqlite,
            })),
          ),
        ),
    },
  ];
}

export function noSubdomain(): ApiError {
  return new ApiError(404, 10007, "There is no workers.dev subdomain on your account.");
}

function shownSettings({ settings }: Script): Record<string, unknown> {
  const { logpush, tags, observability, tailConsumers } = settings;
  return { logpush, tags, observability, tail_consumers: tailConsumers };
}

/** wrangler deletes a Worker by its service, others by its script; before that wrangler asks who would miss it. */
function deletion(which: "GET" | "DELETE service" | "DELETE script", state: PlaneState, runtime: Runtime): Route {
  if (which === "GET") {
    return {
      name: `GET ${SCRIPT}/references`,
      permission,
      handle(call) {
        scriptOf(state, call);
        return ok({
          services: { incoming: [], outgoing: [], pages_function: false },
          durable_objects: [],
          dispatch_outbounds: [],
        });
      },
    };
  }
  const path = which === "DELETE service" ? "/accounts/:account/workers/services/:name" : SCRIPT;
  return {
    name: `DELETE ${path}`,
    permission,
    query: { force: /^(?:true|false)$/ },
    async handle(call) {
      const script = scriptOf(state, call);
      const holdsObjects = Object.keys(script.classes).length > 0;
      // Only a forced deletion takes the objects along, and wrangler forces nothing by itself.
      if (which === "DELETE script" && holdsObjects && call.query.get("force") !== "true") {
        const hint = "Use the force parameter to delete the Worker and its Durable Objects.";
        throw new ApiError(400, 10064, `The Worker implements Durable Objects that are still there. ${hint}`);
      }
      await runtime.replace(script.name, undefined);
      for (const [id, domain] of state.domains) if (domain.service === script.name) state.domains.delete(id);
      return ok(null);
    },
  };
}
