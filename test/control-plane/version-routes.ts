import { ApiError } from "./api-error.ts";
import { ok, param, type Call, type Route } from "./route.ts";
import {
  addDeployment,
  addSecretVersion,
  addVersion,
  deployWhole,
  requireResources,
  sourceOf,
} from "./script-changes.ts";
import { scriptOf, shownBinding, type ScriptParts } from "./script-routes.ts";
import { exactly, fields, listOf, matching, nullable, number, recordOf, text } from "./shape.ts";
import { activeVersion, type Deployment, type Script, type StoredBinding, type Version } from "./state.ts";
import { readUpload } from "./upload.ts";

const SCRIPT = "/accounts/:account/workers/scripts/:name";
const permission = "Workers Scripts";
const AUTHOR = { author_id: "0".repeat(32), author_email: "operator@example.com" };
const LISTED_DEPLOYMENTS = 10;

/** What a Worker was, and which of it answers. */
export function versionRoutes({ state, runtime, violation }: ScriptParts): readonly Route[] {
  return [
    {
      name: `GET ${SCRIPT}/versions`,
      permission,
      query: { deployable: /^(?:true|false)$/, page: /^\d+$/, per_page: /^\d+$/ },
      handle(call) {
        const newest = scriptOf(state, call).versions.toReversed();
        if (call.query.get("deployable") === "true") return ok({ items: newest.slice(0, 10).map(entry) });
        const perPage = Number(call.query.get("per_page") ?? 10);
        const page = Number(call.query.get("page") ?? 1);
        const items = newest.slice((page - 1) * perPage, page * perPage).map(entry);
        return ok({ items }, { page, per_page: perPage, count: items.length, total_count: newest.length });
      },
    },
    {
      name: `GET ${SCRIPT}/versions/:version`,
      permission,
      handle(call) {
        const script = scriptOf(state, call);
        return ok(whole(script, versionOf(script, param(call, "version"))));
      },
    },
    {
      name: `POST ${SCRIPT}/versions`,
      permission,
      query: { bindings_inherit: /^strict$/ },
      body: { kind: "form" },
      async handle(call) {
        const upload = await readUpload(call.body, call.headers["content-type"], violation);
        if (upload.migrations !== undefined) {
          const reason = "migrations must be fully applied via a non-versioned deployment";
          throw new ApiError(400, 10211, `Version upload failed: ${reason}.`);
        }
        const { script, version } = addVersion(scriptOf(state, call), upload, sourceOf(call.headers["user-agent"]));
        requireResources(state, script, version);
        state.scripts.set(script.name, script);
        return ok({ ...whole(script, version), startup_time_ms: 12 });
      },
    },
    {
      name: `GET ${SCRIPT}/deployments`,
      permission,
      handle: (call) =>
        ok({ deployments: scriptOf(state, call).deployments.slice(0, LISTED_DEPLOYMENTS).map(shownDeployment) }),
    },
    {
      name: `POST ${SCRIPT}/deployments`,
      permission,
      query: { force: /^(?:true|false)$/ },
      body: {
        kind: "json",
        shape: fields(
          { strategy: exactly("percentage"), versions: listOf(fields({ version_id: text, percentage: number })) },
          { annotations: fields({}, { "workers/message": matching(/^[\s\S]{0,100}$/), "workers/triggered_by": text }) },
        ),
      },
      async handle(call) {
        const script = scriptOf(state, call);
        const { versions, annotations = {} } = call.json as Pick<Deployment, "versions"> & Partial<Deployment>;
        requireDeployable(script, versions, call);
        const source = sourceOf(call.headers["user-agent"]);
        const next = addDeployment(script, { source, versions, annotations: triggered(script, versions, annotations) });
        await runtime.replace(script.name, next);
        const [made] = next.deployments;
        return ok(made === undefined ? null : shownDeployment(made));
      },
    },
    ...secretRoutes({ state, runtime, violation }),
  ];
}

function secretRoutes({ state, runtime }: ScriptParts): readonly Route[] {
  const change = async (call: Call, secrets: Record<string, string | undefined>): Promise<void> => {
    const { script, version } = addSecretVersion(scriptOf(state, call), secrets, sourceOf(call.headers["user-agent"]));
    await runtime.replace(script.name, deployWhole(script, version, "secret"));
  };
  const secretShape = fields({ name: matching(/^[\w$]+$/), text, type: exactly("secret_text") });
  return [
    {
      name: `GET ${SCRIPT}/secrets`,
      permission,
      handle(call) {
        const { versions } = scriptOf(state, call);
        return ok(secretsOf(versions.at(-1)).map(({ name, type }) => ({ name, type })));
      },
    },
    {
      name: `PUT ${SCRIPT}/secrets`,
      permission,
      body: { kind: "json", shape: secretShape },
      async handle(call) {
        const { name, text: value } = call.json as { name: string; text: string };
        await change(call, { [name]: value });
        return ok({ name, type: "secret_text" });
      },
    },
    {
      name: `DELETE ${SCRIPT}/secrets/:secret`,
      permission,
      query: { url_encoded: /^true$/ },
      async handle(call) {
        const name = param(call, "secret");
        const found = secretsOf(scriptOf(state, call).versions.at(-1)).some((secret) => secret.name === name);
        if (!found) throw new ApiError(404, 10056, `Binding '${name}' not found.`);
        await change(call, { [name]: undefined });
        return ok(null);
      },
    },
    {
      name: `PATCH ${SCRIPT}/secrets-bulk`,
      permission,
      body: {
        kind: "json",
        type: /^application\/merge-patch\+json$/,
        shape: fields({ secrets: recordOf(nullable(secretShape)) }),
      },
      async handle(call) {
        const { secrets } = call.json as { secrets: Record<string, { text: string } | null> };
        await change(call, Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret?.text])));
        return ok(secretsOf(scriptOf(state, call).versions.at(-1)).map(({ name, type }) => ({ name, type })));
      },
    },
  ];
}

function secretsOf(version: Version | undefined): readonly StoredBinding[] {
  return (version?.bindings ?? []).filter(({ type }) => type === "secret_text");
}

function versionOf(script: Script, id: string): Version {
  const version = script.versions.find((each) => each.id === id);
  if (version === undefined) throw new ApiError(404, 100146, `Version ${id} was not found.`);
  return version;
}

function requireDeployable(script: Script, versions: Deployment["versions"], call: Call): void {
  const sum = versions.reduce((total, { percentage }) => total + percentage, 0);
  if (versions.length === 0 || versions.length > 2 || sum !== 100) {
    throw new ApiError(400, 10213, "The percentages of one or two versions must add up to 100.");
  }
  for (const { version_id: id } of versions) {
    const version = versionOf(script, id);
    if (version.migrationTag !== script.migrationTag) {
      const reason = `a Durable Object migration lies between it and what is deployed`;
      throw new ApiError(400, 10210, `Version ${id} cannot be deployed: ${reason}.`);
    }
    const changed = changedSecrets(activeVersion(script), version);
    // An upload that is on its way to its first deployment has the secrets of the version before it.
    if (changed.length > 0 && call.query.get("force") !== "true") {
      const reason = `The following secrets have changed: ${changed.join(", ")}`;
      throw new ApiError(400, 10220, `Version ${id} cannot be deployed without force. ${reason}`);
    }
  }
}

function changedSecrets(now: Version | undefined, then: Version): readonly string[] {
  const texts = (version: Version | undefined): Map<string, unknown> =>
    new Map(secretsOf(version).map((secret) => [secret.name, secret["text"]]));
  const [left, right] = [texts(now), texts(then)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
}

/** A deployment of what was deployed before is a rollback. */
function triggered(
  script: Script,
  versions: Deployment["versions"],
  annotations: Deployment["annotations"],
): Deployment["annotations"] {
  const [only] = versions;
  const wasDeployed = script.deployments.some((each) =>
    each.versions.some(({ version_id: id }) => id === only?.version_id),
  );
  return { "workers/triggered_by": wasDeployed ? "rollback" : "deployment", ...annotations };
}

function shownDeployment({ id, createdOn, source, annotations, versions }: Deployment): Record<string, unknown> {
  return { id, source, strategy: "percentage", ...AUTHOR, annotations, versions, created_on: createdOn };
}

function entry({ id, number: count, createdOn, source, annotations }: Version): Record<string, unknown> {
  const metadata = { created_on: createdOn, modified_on: createdOn, source, ...AUTHOR, hasPreview: false };
  return { id, number: count, metadata, annotations };
}

function whole(script: Script, version: Version): Record<string, unknown> {
  const runtime = {
    compatibility_date: version.compatibilityDate,
    ...(version.compatibilityFlags.length === 0 ? {} : { compatibility_flags: version.compatibilityFlags }),
    usage_model: "standard",
    ...(version.migrationTag === undefined ? {} : { migration_tag: version.migrationTag }),
  };
  const resources = {
    script: { etag: version.etag, handlers: ["fetch"], last_deployed_from: version.source },
    script_runtime: runtime,
    bindings: version.bindings.map((binding) => shownBinding(script, binding)),
  };
  return { ...entry(version), resources };
}
