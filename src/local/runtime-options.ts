import { randomUUID } from "node:crypto";
import type { MiniflareOptions, WorkerOptions } from "miniflare";
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from "./compatibility-date.ts";
import { dataPaths } from "./data-folder.ts";
import { entryModule } from "./entry-module.ts";
import type { ListenHost } from "./address.ts";

export interface RuntimeConfig {
  readonly workerFile: string;
  readonly host: ListenHost;
  readonly port: number;
  /** Absolute. */
  readonly persistDir: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly edgeCache: boolean;
}

/**
 * Two Workers. The real one listens on a socket of its own, which saves the hop through Miniflare's entry Worker. The
 * entry cannot be left out: it gets a free port on 127.0.0.1, and behind it a Worker that refuses everything. It lets a
 * request name another Worker (`MF-Route-Override`) and another URL (`MF-Original-URL`), so the real one has a name that
 * cannot be guessed; otherwise a web page that rebinds its own name to 127.0.0.1 could go round the check of Host.
 */
export function runtimeOptions(config: RuntimeConfig): { options: MiniflareOptions; workerName: string } {
  const paths = dataPaths(config.persistDir);
  const workerName = `server-${randomUUID()}`;
  const options: MiniflareOptions = {
    host: "127.0.0.1",
    port: 0,
    // Otherwise Miniflare fetches an example of `request.cf` from the internet at the first start.
    cf: false,
    logRequests: false,
    structuredWorkerdLogs: true,
    durableObjectsPersist: paths.objects,
    r2Persist: paths.segments,
    kvPersist: paths.registry,
    cachePersist: paths.cache,
    defaultPersistRoot: paths.scratch,
    workers: [closedDoor(), server(config, workerName)],
  };
  return { options, workerName };
}

function closedDoor(): WorkerOptions {
  const contents = "export default { fetch: () => new Response(null, { status: 421 }) };";
  return {
    name: "closed-door",
    compatibilityDate: COMPATIBILITY_DATE,
    modules: [{ type: "ESModule", path: "/closed-door.js", contents }],
    modulesRoot: "/",
  };
}

function server(config: RuntimeConfig, name: string): WorkerOptions {
  return {
    name,
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: [...COMPATIBILITY_FLAGS],
    modules: [entryModule(config.workerFile), { type: "ESModule", path: config.workerFile }],
    modulesRoot: "/",
    unsafeDirectSockets: [{ host: config.host.bind, port: config.port }],
    bindings: { ...config.vars },
    // The key names the folder of the class; by default it would hold the name of the Worker, which is random.
    durableObjects: {
      STREAMS: { className: "StreamDO", useSQLite: true, unsafeUniqueKey: "streams" },
      PROJECTS: { className: "ProjectDO", useSQLite: true, unsafeUniqueKey: "projects" },
      DIRECTORY: { className: "DirectoryDO", useSQLite: true, unsafeUniqueKey: "directories" },
      SUBSCRIPTIONS: { className: "SubscriptionDO", useSQLite: true, unsafeUniqueKey: "subscriptions" },
    },
    r2Buckets: { R2: "segments" },
    kvNamespaces: { REGISTRY: "registry" },
    cache: config.edgeCache,
  };
}
