import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { connect, expectStatus } from "./load/http.ts";
import { median } from "./load/stats.ts";
import { newStream, TEXT_TYPE } from "./load/streams.ts";
import { ROOT, startServer } from "./servers/start.ts";
import { table } from "./table.ts";

/** How long a command takes from its start until it has done what it is for. */
export interface StartUp {
  readonly command: string;
  readonly medianMs: number;
  readonly aimMs: number;
}

const PROGRAM = join(ROOT, "bin/run.js");

/** Milliseconds until the command ends, or until its first output when it would go on. */
async function timeCommand(args: readonly string[], until: "exit" | "output"): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const exited = once(child, "exit");
  child.stdout.once("data", () => {
    if (until === "output") child.kill("SIGTERM");
  });
  const outputAt = until === "output" ? once(child.stdout, "data").then(() => performance.now()) : undefined;
  const [code] = (await exited) as [number | null];
  const endedAt = performance.now();
  if (code !== 0) throw new Error(`durable-streams ${args.join(" ")} ended with ${code}: ${errors}`);
  return (outputAt === undefined ? endedAt : await outputAt) - startedAt;
}

/** The commands take turns, so that whatever else happens on the machine meets all of them. */
export async function measureStartUp(starts: number, data: string): Promise<StartUp[]> {
  const server = await startServer("start-up", undefined, data);
  const stream = server.url + newStream();
  const client = connect(server);
  try {
    await expectStatus(client, { method: "PUT", path: new URL(stream).pathname, contentType: TEXT_TYPE }, 201);
    const commands = [
      { command: "--version", aimMs: 150, run: () => timeCommand(["--version"], "exit") },
      { command: "append of one message", aimMs: 250, run: () => timeCommand(["append", stream, "hello"], "exit") },
      { command: "dev --json until ready", aimMs: 1000, run: () => startDev(data) },
    ];
    const times = commands.map((): number[] => []);
    for (let i = -1; i < starts; i++) {
      for (const [at, { run }] of commands.entries()) {
        const ms = await run();
        // The first start fills the caches of the disk and of Node's compiler.
        if (i >= 0) times[at]?.push(ms);
      }
    }
    return commands.map(({ command, aimMs }, at) => ({ command, aimMs, medianMs: median(times[at] ?? []) }));
  } finally {
    await client.destroy();
    await server.stop();
  }
}

async function startDev(data: string): Promise<number> {
  const folder = await mkdtemp(join(data, "dev-"));
  return timeCommand(["dev", "--json", "--port", "0", "--persist", folder], "output");
}

export function printStartUp(results: readonly StartUp[], starts: number): void {
  const rows = results.map(({ command, medianMs, aimMs }) => [
    command,
    medianMs.toFixed(0),
    `< ${aimMs}: ${medianMs < aimMs ? "met" : "MISSED"}`,
  ]);
  process.stdout.write(`\nstart. start-up (medians of ${starts})\n${table(["", "ms", "aim"], rows)}\n`);
}
