import { createInterface } from "node:readline";
import { join } from "node:path";
import { Log, LogLevel, Miniflare, Response, type MiniflareOptions, type WorkerOptions } from "miniflare";
import { ApiError } from "./api-error.ts";
import { activeVersion, isReachable, type PlaneState, type Script, type StoredBinding, type Version } from "./state.ts";

/** What a Worker reports of each of its invocations. */
export interface TraceReport {
  readonly script: string;
  readonly events: readonly unknown[];
}

const STORE = "plane-store";
const COMPATIBILITY_DATE = "2026-07-30";
const MODULE_ROOT = "/";

/** Has every bucket and namespace of the account, so that endpoints and Workers see the very same data. */
const STORE_SOURCE = "export default { fetch: () => new Response(null, { status: 421 }) };";

/** Stands behind a Worker as its tail consumer; what it is given has getters, which JSON would not see. */
const TAIL_SOURCE = `export default { async tail(events, env) {
  const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));
  const plain = events.map((each) => ({
    ...pick(each, ["outcome", "eventTimestamp", "truncated"]),
    logs: each.logs.map((log) => pick(log, ["level", "message", "timestamp"])),
    exceptions: each.exceptions.map((thrown) => pick(thrown, ["name", "message", "timestamp"])),
    diagnosticsChannelEvents: [],
    event: each.event === null ? null : each.event.request
      ? { request: pick(each.event.request, ["url", "method", "headers"]),
          response: each.event.response ? { status: each.event.response.status } : undefined }
      : each.event.rpcMethod ? { rpcMethod: each.event.rpcMethod }
      : each.event.scheduledTime ? { scheduledTime: each.event.scheduledTime } : {},
  }));
  await env.REPORT.fetch("http://plane/", { method: "POST", body: JSON.stringify(plain) });
} };`;

/** Runs the account's Workers on workerd, each at a socket of its own, with data that outlive every version. */
export class Runtime {
  readonly #state: PlaneState;
  readonly #folder: string;
  readonly #report: (report: TraceReport) => void;
  #miniflare: Miniflare | undefined;
  /** What is running, by a text that is equal for equal things. */
  #running = "";
  /** One change after the other; whoever wants to connect waits for the change under way. */
  #turn: Promise<void> = Promise.resolve();
  readonly log: string[] = [];

  constructor(state: PlaneState, folder: string, report: (report: TraceReport) => void) {
    this.#state = state;
    this.#folder = folder;
    this.#report = report;
  }

  /** Makes a change of the account's Workers true, or leaves all as it was and says why as Cloudflare would. */
  async replace(name: string, next: Script | undefined): Promise<void> {
    const scripts = new Map(this.#state.scripts);
    if (next === undefined) scripts.delete(name);
    else scripts.set(name, next);
    try {
      await this.#become(scripts);
    } catch (error) {
      await this.#become(this.#state.scripts);
      const said = [...this.log.slice(-5), error instanceof Error ? error.message : String(error)].join("\n");
      throw new ApiError(400, 10021, `Uncaught error at startup: ${said}`);
    }
    if (next === undefined) this.#state.scripts.delete(name);
    else this.#state.scripts.set(name, next);
  }

  /** The port of a Worker that some address leads to. */
  async portOf(name: string): Promise<{ readonly port: number } | undefined> {
    await this.#turn;
    const script = this.#state.scripts.get(name);
    if (script === undefined || activeVersion(script) === undefined || !isReachable(this.#state, script))
      return undefined;
    const url = await this.#miniflare?.unsafeGetDirectURL(workerName(name));
    return url === undefined ? undefined : { port: Number(url.port) };
  }

  async bucket(name: string): ReturnType<Miniflare["getR2Bucket"]> {
    return (await this.#store()).getR2Bucket(name, STORE);
  }

  async namespace(id: string): ReturnType<Miniflare["getKVNamespace"]> {
    return (await this.#store()).getKVNamespace(id, STORE);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#miniflare?.dispose();
  }

  async #store(): Promise<Miniflare> {
    await this.#become(this.#state.scripts);
    if (this.#miniflare === undefined) throw new Error("nothing runs");
    return this.#miniflare;
  }

  #become(scripts: ReadonlyMap<string, Script>): Promise<void> {
    const turn = this.#turn.then(() => this.#run(scripts));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #run(scripts: ReadonlyMap<string, Script>): Promise<void> {
    const active = [...scripts.values()].flatMap((script) => {
      const version = activeVersion(script);
      return version === undefined ? [] : [{ script, version }];
    });
    const { buckets, namespaces } = this.#state;
    const wanted = JSON.stringify([
      active.map(({ version }) => version.id),
      [...buckets.keys()],
      [...namespaces.keys()],
    ]);
    if (wanted === this.#running) return;
    this.#running = "";
    const options = this.#options(active);
    try {
      if (this.#miniflare === undefined) this.#miniflare = new Miniflare(options);
      else await this.#miniflare.setOptions(options);
      await this.#miniflare.ready;
    } catch (error) {
      // One that failed once never runs again.
      const failed = this.#miniflare;
      this.#miniflare = undefined;
      await failed?.dispose().catch(() => undefined);
      throw error;
    }
    this.#running = wanted;
  }

  #options(active: readonly { script: Script; version: Version }[]): MiniflareOptions {
    return {
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
      durableObjectsPersist: join(this.#folder, "objects"),
      r2Persist: join(this.#folder, "r2"),
      kvPersist: join(this.#folder, "kv"),
      cachePersist: join(this.#folder, "cache"),
      defaultPersistRoot: join(this.#folder, "scratch"),
      handleRuntimeStdio: (stdout, stderr) => {
        for (const stream of [stdout, stderr]) {
          createInterface({ input: stream }).on("line", (line) => {
            this.log.push(line);
            if (this.log.length > 1000) this.log.shift();
          });
        }
      },
      workers: [this.#storeWorker(), ...active.flatMap((each) => [workerOf(each), this.#tailWorker(each.script.name)])],
    };
  }

  #storeWorker(): WorkerOptions {
    const { buckets, namespaces } = this.#state;
    const same = (names: Iterable<string>): Record<string, string> =>
      Object.fromEntries([...names].map((name) => [name, name]));
    return { ...module(STORE, STORE_SOURCE), r2Buckets: same(buckets.keys()), kvNamespaces: same(namespaces.keys()) };
  }

  #tailWorker(script: string): WorkerOptions {
    return {
      ...module(`tail-${script}`, TAIL_SOURCE),
      serviceBindings: {
        REPORT: async (request) => {
          this.#report({ script, events: (await request.json()) as unknown[] });
          return new Response(null);
        },
      },
    };
  }
}

function workerName(script: string): string {
  return `script-${script}`;
}

function module(name: string, contents: string): WorkerOptions {
  return {
    name,
    compatibilityDate: COMPATIBILITY_DATE,
    modulesRoot: MODULE_ROOT,
    modules: [{ type: "ESModule", path: `${MODULE_ROOT}${name}.js`, contents }],
  };
}

/** A Worker with what its version names, and nothing else. */
function workerOf({ script, version }: { script: Script; version: Version }): WorkerOptions {
  const { mainModule, modules, bindings } = version;
  const ordered = [...modules].sort(
    (left, right) => Number(right.name === mainModule) - Number(left.name === mainModule),
  );
  const ofType = (type: string): typeof bindings => bindings.filter((binding) => binding.type === type);
  const field = (type: string, name: string): Record<string, string> =>
    Object.fromEntries(ofType(type).map((binding) => [binding.name, String(binding[name])]));
  const json = Object.fromEntries(ofType("json").map((binding) => [binding.name, binding["json"] as string]));
  return {
    name: workerName(script.name),
    compatibilityDate: version.compatibilityDate,
    compatibilityFlags: [...version.compatibilityFlags],
    modulesRoot: MODULE_ROOT,
    modules: ordered.map(({ name, type, content }) => ({
      type,
      path: `${MODULE_ROOT}${name}`,
      contents: type === "ESModule" || type === "Text" ? content.toString("utf8") : new Uint8Array(content),
    })),
    bindings: { ...field("plain_text", "text"), ...field("secret_text", "text"), ...json },
    r2Buckets: field("r2_bucket", "bucket_name"),
    kvNamespaces: field("kv_namespace", "namespace_id"),
    durableObjects: Object.fromEntries(
      ofType("durable_object_namespace").map((binding) => {
        const className = String(binding["class_name"]);
        const { sqlite = false, namespaceId = "" } = script.classes[className] ?? {};
        return [binding.name, { className, useSQLite: sqlite, unsafeUniqueKey: namespaceId }];
      }),
    ),
    analyticsEngineDatasets: Object.fromEntries(
      Object.entries(field("analytics_engine", "dataset")).map(([name, dataset]) => [name, { dataset }]),
    ),
    ratelimits: Object.fromEntries(ofType("ratelimit").map((binding) => [binding.name, rateLimitOf(binding)])),
    tails: [`tail-${script.name}`],
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
}

function rateLimitOf(binding: StoredBinding): NonNullable<WorkerOptions["ratelimits"]>[string] {
  type RateLimit = NonNullable<WorkerOptions["ratelimits"]>[string];
  return { namespace_id: String(binding["namespace_id"]), simple: binding["simple"] as RateLimit["simple"] };
}
