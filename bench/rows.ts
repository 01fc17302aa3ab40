import { build } from "esbuild";
import { join } from "node:path";
import { request } from "undici";
import { meetsAim, type OperationCost } from "../test/worker/support/operation-costs.ts";
import { ROOT, startServer } from "./servers/start.ts";
import { table } from "./table.ts";

/** A Worker of `bench/worker/`, as a file. */
export async function buildBenchWorker(name: string, data: string): Promise<string> {
  const file = join(data, `${name}-worker.js`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [`bench/worker/${name}.ts`],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    external: ["cloudflare:*"],
    define: { __VERSION__: '"bench"' },
    logLevel: "error",
  });
  return file;
}

/** Counts what each operation is billed for, in our Worker on the same launcher. */
export async function countRows(data: string): Promise<OperationCost[]> {
  const file = await buildBenchWorker("rows", data);
  const server = await startServer("rows", file, data);
  try {
    const { statusCode, body } = await request(`${server.url}/rows`);
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`counting rows was answered with ${statusCode}: ${text}`);
    return JSON.parse(text) as OperationCost[];
  } finally {
    await server.stop();
  }
}

export function printRows(costs: readonly OperationCost[]): void {
  const cells = ({ rowsWritten, rowsRead, objectRequests, kvReads }: OperationCost["cost"]) =>
    [rowsWritten, rowsRead, objectRequests, kvReads].join(" / ");
  const rows = costs.map((cost) => [
    cost.operation,
    cells(cost.cost),
    cells(cost.aim),
    meetsAim(cost) ? "met" : "MISSED",
  ]);
  process.stdout.write("\nrows. rows written / rows read / object requests / KV reads, on an object that is awake\n");
  process.stdout.write(`${table(["", "ours", "at most", ""], rows)}\n`);
}
