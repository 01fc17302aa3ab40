// What an upload, a secret or a deployment makes of a Worker. Nothing here runs anything.
import { randomUUID } from "node:crypto";
import { ApiError } from "./api-error.ts";
import {
  activeVersion,
  type Deployment,
  type PlaneState,
  type Script,
  type StoredBinding,
  type Version,
} from "./state.ts";
import type { Migrations, Upload } from "./upload.ts";

type Source = Version["source"];

export function hexId(): string {
  return randomUUID().replaceAll("-", "");
}

export function sourceOf(userAgent: string | undefined): Source {
  return userAgent?.startsWith("wrangler/") === true ? "wrangler" : "api";
}

export function newScript(name: string): Script {
  const now = new Date().toISOString();
  return {
    name,
    tag: hexId(),
    createdOn: now,
    modifiedOn: now,
    versions: [],
    deployments: [],
    migrationTag: undefined,
    classes: {},
    subdomain: { enabled: false, previews_enabled: false },
    settings: { logpush: false, tags: [], observability: { enabled: false }, tailConsumers: [] },
  };
}

/** Applies migrations to the classes, or refuses them as Cloudflare does. */
export function migrate(script: Script, migrations: Migrations | undefined): Script {
  if (migrations === undefined) return script;
  if (migrations.old_tag !== script.migrationTag) {
    const current = script.migrationTag === undefined ? "undefined" : `'${script.migrationTag}'`;
    throw new ApiError(412, 10079, `Migration tag precondition failed; current tag is ${current}`);
  }
  const classes = { ...script.classes };
  const drop = (name: string): (typeof classes)[string] => {
    const found = classes[name];
    if (found === undefined)
      throw new ApiError(400, 10072, `Cannot apply a migration to class '${name}': there is none.`);
    Reflect.deleteProperty(classes, name);
    return found;
  };
  for (const step of migrations.steps) {
    const added = [
      ...(step.new_classes ?? []).map((name) => ({ name, sqlite: false })),
      ...(step.new_sqlite_classes ?? []).map((name) => ({ name, sqlite: true })),
    ];
    for (const { name, sqlite } of added) {
      if (classes[name] !== undefined) {
        const reason = "that is already depended on by existing Durable Objects";
        throw new ApiError(400, 10074, `Cannot apply new-class migration to class '${name}' ${reason}`);
      }
      classes[name] = { namespaceId: hexId(), sqlite };
    }
    for (const name of step.deleted_classes ?? []) drop(name);
    for (const { from, to } of step.renamed_classes ?? []) classes[to] = drop(from);
  }
  return { ...script, classes, migrationTag: migrations.new_tag };
}

/** Makes a version of an upload: what it says, and what it keeps of the version before. */
export function addVersion(script: Script, upload: Upload, source: Source): { script: Script; version: Version } {
  const before = script.versions.at(-1)?.bindings ?? [];
  const named = upload.bindings.map((binding) => (binding.type === "inherit" ? inherited(binding, before) : binding));
  // wrangler asks to keep secrets only now and then, and they are never lost by an upload.
  const keepTypes = [...upload.keepTypes, "secret_text", "secret_key"];
  const kept = before.filter(
    ({ name, type }) => keepTypes.includes(type) && !named.some((binding) => binding.name === name),
  );
  return push(script, {
    source,
    annotations: { "workers/triggered_by": "upload", ...upload.annotations },
    mainModule: upload.mainModule,
    modules: upload.modules,
    etag: upload.etag,
    bindings: [...named, ...kept],
    compatibilityDate: upload.compatibilityDate,
    compatibilityFlags: upload.compatibilityFlags,
    migrationTag: script.migrationTag,
  });
}

function inherited({ name }: StoredBinding, before: readonly StoredBinding[]): StoredBinding {
  const found = before.find((binding) => binding.name === name);
  if (found === undefined) throw new ApiError(400, 10057, `inherit binding '${name}' is invalid: there is none.`);
  return found;
}

/** A version that differs in its secrets only; an undefined text takes the secret away. */
export function addSecretVersion(
  script: Script,
  secrets: Readonly<Record<string, string | undefined>>,
  source: Source,
): { script: Script; version: Version } {
  const latest = script.versions.at(-1);
  if (latest === undefined) throw new ApiError(404, 10007, "This Worker does not exist on your account.");
  if (latest.id !== activeVersion(script)?.id) {
    const reason = "the latest version of your Worker isn't currently deployed";
    throw new ApiError(400, 10215, `Secret edit failed. You attempted to modify a secret, but ${reason}.`);
  }
  const others = latest.bindings.filter(({ name }) => !Object.hasOwn(secrets, name));
  const set = Object.entries(secrets).flatMap(([name, text]) =>
    text === undefined ? [] : [{ name, type: "secret_text", text }],
  );
  return push(script, {
    ...latest,
    source,
    annotations: { "workers/triggered_by": "secret" },
    bindings: [...others, ...set],
    migrationTag: script.migrationTag,
  });
}

function push(
  script: Script,
  made: Omit<Version, "id" | "number" | "createdOn">,
): { script: Script; version: Version } {
  const now = new Date().toISOString();
  const version: Version = { ...made, id: randomUUID(), number: script.versions.length + 1, createdOn: now };
  return { script: { ...script, modifiedOn: now, versions: [...script.versions, version] }, version };
}

export function addDeployment(script: Script, made: Omit<Deployment, "id" | "createdOn">): Script {
  const deployment = { ...made, id: randomUUID(), createdOn: new Date().toISOString() };
  return { ...script, modifiedOn: deployment.createdOn, deployments: [deployment, ...script.deployments] };
}

/** Deploys one version to everybody. */
export function deployWhole(script: Script, version: Version, trigger: string): Script {
  const annotations = { ...version.annotations, "workers/triggered_by": trigger };
  return addDeployment(script, {
    source: version.source,
    annotations,
    versions: [{ version_id: version.id, percentage: 100 }],
  });
}

/** Refuses bindings to what there is not. */
export function requireResources(state: PlaneState, script: Script, { bindings }: Version): void {
  for (const binding of bindings) {
    const { type } = binding;
    if (type === "r2_bucket" && !state.buckets.has(String(binding["bucket_name"]))) {
      const name = String(binding["bucket_name"]);
      throw new ApiError(400, 10085, `R2 bucket '${name}' not found. Please use a different name and try again.`);
    }
    if (type === "kv_namespace" && !state.namespaces.has(String(binding["namespace_id"]))) {
      throw new ApiError(400, 10041, `KV namespace '${String(binding["namespace_id"])}' not found.`);
    }
    if (type === "durable_object_namespace" && script.classes[String(binding["class_name"])] === undefined) {
      const problem = "because it is not currently configured to implement Durable Objects";
      const hint = "Ensure a --new-class migration has been applied to it.";
      throw new ApiError(
        400,
        10061,
        `Cannot create binding for class '${String(binding["class_name"])}' ${problem}. ${hint}`,
      );
    }
  }
}
