import { createHash } from "node:crypto";
import { ApiError } from "./api-error.ts";
import { anything, boolean, exactly, fields, isRecord, listOf, matching, number, text, type Shape } from "./shape.ts";
import type { Module, StoredBinding } from "./state.ts";

/** What came with the metadata of an upload. */
export interface Upload {
  readonly mainModule: string;
  readonly modules: readonly Module[];
  readonly etag: string;
  readonly bindings: readonly StoredBinding[];
  /** Types whose bindings stay as they were, unless they are named anew. */
  readonly keepTypes: readonly string[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly migrations: Migrations | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly observability: unknown;
  readonly logpush: boolean | undefined;
}

export interface Migrations {
  readonly old_tag?: string;
  readonly new_tag: string;
  readonly steps: readonly {
    readonly new_classes?: readonly string[];
    readonly new_sqlite_classes?: readonly string[];
    readonly deleted_classes?: readonly string[];
    readonly renamed_classes?: readonly { readonly from: string; readonly to: string }[];
  }[];
}

const name = matching(/^[\w$-]+$/);

/** The bindings that a Worker can have here. Others fail the test: this plane would not give them to the Worker. */
const BINDINGS: Readonly<Record<string, Shape>> = {
  plain_text: fields({ name, type: text, text }),
  json: fields({ name, type: text, json: anything }),
  secret_text: fields({ name, type: text, text }),
  inherit: fields({ name, type: text }, { old_name: text, version_id: text }),
  r2_bucket: fields({ name, type: text, bucket_name: text }),
  kv_namespace: fields({ name, type: text, namespace_id: text }),
  durable_object_namespace: fields({ name, type: text, class_name: text }),
  analytics_engine: fields({ name, type: text, dataset: text }),
  ratelimit: fields({
    name,
    type: text,
    namespace_id: text,
    simple: fields({ limit: number, period: exactly(10, 60) }),
  }),
};

const binding: Shape = (value, at) => {
  const type = isRecord(value) ? String(value["type"]) : "";
  const shape = Object.hasOwn(BINDINGS, type) ? BINDINGS[type] : undefined;
  return shape === undefined ? `${at} has the type ${type}, which is not known here` : shape(value, at);
};

const classes = listOf(matching(/^[A-Za-z_$][\w$]*$/));

const metadataShape = fields(
  { main_module: text, bindings: listOf(binding), compatibility_date: matching(/^\d{4}-\d\d-\d\d$/) },
  {
    compatibility_flags: listOf(text),
    keep_bindings: listOf(exactly("plain_text", "json", "secret_text", "secret_key")),
    migrations: fields(
      {
        new_tag: text,
        steps: listOf(
          fields(
            {},
            {
              new_classes: classes,
              new_sqlite_classes: classes,
              deleted_classes: classes,
              renamed_classes: listOf(fields({ from: text, to: text })),
            },
          ),
        ),
      },
      { old_tag: text },
    ),
    annotations: fields(
      {},
      { "workers/message": matching(/^[\s\S]{0,100}$/), "workers/tag": matching(/^.{0,25}$/), "workers/alias": text },
    ),
    observability: anything,
    logpush: boolean,
    placement: anything,
    limits: anything,
    tail_consumers: listOf(anything),
    keep_assets: boolean,
    package_dependencies: anything,
  },
);

/** A draft, as `wrangler secret put` makes one for a Worker that does not exist, names no date. */
const draftShape = fields({ main_module: text, bindings: listOf(binding) }, { logpush: boolean });

const TYPES: Readonly<Record<string, Module["type"]>> = {
  "application/javascript+module": "ESModule",
  "text/plain": "Text",
  "application/octet-stream": "Data",
  "application/wasm": "CompiledWasm",
};

/** What today's Workers get that name none. */
const OLDEST_DATE = "2021-11-02";

/** Reads the form of an upload. `violation` gets what is not as it should be. */
export async function readUpload(
  body: Buffer,
  type: string | undefined,
  violation: (problem: string) => ApiError,
): Promise<Upload> {
  // Fit for a test, whose uploads are small and its own.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type ?? "" } }).formData();
  const given = form.get("metadata");
  if (typeof given !== "string") throw violation("the form has no metadata");
  const metadata: unknown = JSON.parse(given);
  const problem = metadataShape(metadata, "metadata");
  if (problem !== undefined && draftShape(metadata, "metadata") !== undefined) throw violation(problem);
  const modules: Module[] = [];
  for (const [part, value] of form) {
    if (part === "metadata") continue;
    const module = await readModule(part, value, violation);
    if (module !== undefined) modules.push(module);
  }
  return assemble(metadata as Metadata, modules);
}

interface Metadata {
  readonly main_module: string;
  readonly bindings: readonly StoredBinding[];
  readonly compatibility_date?: string;
  readonly compatibility_flags?: readonly string[];
  readonly keep_bindings?: readonly string[];
  readonly migrations?: Migrations;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly observability?: unknown;
  readonly logpush?: boolean;
}

async function readModule(
  part: string,
  value: string | File,
  violation: (problem: string) => ApiError,
): Promise<Module | undefined> {
  if (typeof value === "string") throw violation(`the part ${part} of the form is no file`);
  if (value.type === "application/source-map") return undefined;
  const type = TYPES[value.type.split(";")[0] ?? ""];
  if (type === undefined) throw violation(`the module ${part} has the type ${value.type}`);
  return { name: part, type, content: Buffer.from(await value.arrayBuffer()) };
}

function assemble(metadata: Metadata, modules: readonly Module[]): Upload {
  const { main_module: mainModule, bindings } = metadata;
  if (!modules.some((module) => module.name === mainModule)) {
    throw new ApiError(400, 10021, `No such module "${mainModule}".`);
  }
  const twice = bindings.find((each, index) => bindings.findIndex((other) => other.name === each.name) !== index);
  if (twice !== undefined) throw new ApiError(400, 10021, `Binding name '${twice.name}' already in use.`);
  const hash = createHash("sha256");
  for (const { name: file, content } of modules) hash.update(`${file}\0${content.byteLength}\0`).update(content);
  return {
    mainModule,
    modules,
    etag: hash.digest("hex"),
    bindings,
    keepTypes: metadata.keep_bindings ?? [],
    compatibilityDate: metadata.compatibility_date ?? OLDEST_DATE,
    compatibilityFlags: metadata.compatibility_flags ?? [],
    migrations: metadata.migrations,
    annotations: metadata.annotations ?? {},
    observability: metadata.observability,
    logpush: metadata.logpush,
  };
}
