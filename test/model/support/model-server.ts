import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const LOG_LINES = 20;

export interface ModelServer {
  readonly url: string;
  /** The last lines that workerd and the Worker wrote to their log. */
  errors(): readonly string[];
  /** How many segments lie in the bucket. */
  segments(): Promise<number>;
  stop(): Promise<void>;
}

/** The real Worker on workerd, bundled from its sources, on a socket of its own and with its data in memory. */
export async function startModelServer(vars: Readonly<Record<string, string>> = {}): Promise<ModelServer> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["src/worker/index.ts"],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    external: ["cloudflare:*"],
  });
  const contents = outputFiles[0]?.text;
  if (contents === undefined) throw new Error("esbuild gave no bundle");
  const name = "streams";
  const errors: string[] = [];
  const miniflare = new Miniflare({
    cf: false,
    handleRuntimeStdio: (stdout, stderr) => {
      stdout.resume();
      createInterface({ input: stderr }).on("line", (line) => {
        // Readers that leave are part of the model.
        if (/Broken pipe|^stack:/.test(line)) return;
        errors.push(line);
        if (errors.length > LOG_LINES) errors.shift();
      });
    },
    workers: [
      {
        name,
        compatibilityDate: "2026-07-30",
        modules: [{ type: "ESModule", path: "/streams.js", contents }],
        modulesRoot: "/",
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        bindings: { AUTH: "none", ...vars },
        durableObjects: { STREAMS: { className: "StreamDO", useSQLite: true } },
        r2Buckets: ["R2"],
      },
    ],
  });
  try {
    const url = await miniflare.unsafeGetDirectURL(name);
    return {
      url: url.origin,
      errors: () => errors,
      segments: () => countObjects(miniflare, name),
      stop: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

async function countObjects(miniflare: Miniflare, worker: string): Promise<number> {
  const bucket = await miniflare.getR2Bucket("R2", worker);
  let objects = 0;
  for (let cursor: string | undefined, isLast = false; !isLast;) {
    const page = await bucket.list(cursor === undefined ? {} : { cursor });
    objects += page.objects.length;
    isLast = !page.truncated;
    cursor = page.truncated ? page.cursor : undefined;
  }
  return objects;
}
