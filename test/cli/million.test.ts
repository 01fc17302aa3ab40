import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startLocalServer } from "../../src/local/start-local-server.ts";
import { startCli } from "../support/cli.ts";

const MESSAGES = 1_000_000;
const LINES_PER_WRITE = 10_000;

/** 16 segments' worth of bytes is where sealing goes before everything else; what comes meanwhile is a few appends more. */
const HOT_MAX_BYTES = 96 * 1024 * 1024;
/** What is appended is 100 MB, and the Worker's own limit on Cloudflare is 128. */
const RSS_MAX_BYTES = 600 * 1024 * 1024;

const WORKER = fileURLToPath(new URL("../../dist/worker/server.js", import.meta.url));

interface StreamMap {
  readonly messages: number;
  readonly hot: { readonly messages: number; readonly bytes: number };
  readonly segments: { readonly count: number };
  readonly sealing: { readonly state: string };
}

const line = (i: number): string =>
  `{"id":${String(i)},"name":"user-${String(i % 1000)}","text":"${"x".repeat(50)}"}\n`;

/** Writes the messages a line each, and gives the SHA-256 of them all. */
async function writeInput(file: string): Promise<string> {
  const hash = createHash("sha256");
  const out = createWriteStream(file);
  for (let first = 0; first < MESSAGES; first += LINES_PER_WRITE) {
    const lines = Array.from({ length: LINES_PER_WRITE }, (_, i) => line(first + i)).join("");
    hash.update(lines);
    if (!out.write(lines)) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  return hash.digest("hex");
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function run(args: readonly string[], url: string): Promise<string> {
  const child = startCli(args, { env: { DURABLE_STREAMS_URL: url } });
  child.stdin.end();
  const hash = createHash("sha256");
  child.stdout.on("data", (piece: Buffer) => hash.update(piece));
  child.stderr.resume();
  const [code] = (await once(child, "close")) as [number | null];
  expect(code, args.join(" ")).toBe(0);
  return hash.digest("hex");
}

test(
  "a million messages leave a small hot log and come back as they went in, in bounded memory",
  { timeout: 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "durable-streams-million-"));
    const server = await startLocalServer({ workerFile: WORKER, port: 0, persistDir: join(folder, "data") });
    try {
      const input = join(folder, "input");
      const sent = await writeInput(input);
      await run(["create", "million", "--content-type", "application/json"], server.url);
      const samples: { hot: StreamMap["hot"]; rss: number }[] = [];
      const inspect = async (): Promise<StreamMap> => {
        const answer = await fetch(`${server.url}/v1/__ds/streams/default/inspect/million`);
        const map = (await answer.json()) as StreamMap;
        samples.push({ hot: map.hot, rss: await residentBytes(server.runtimePid) });
        return map;
      };
      const append = { isOver: false };
      const appended = run(["append", "million", "--file", input], server.url).finally(() => (append.isOver = true));
      while (!append.isOver) await inspect();
      await appended;
      let map = await inspect();
      while (map.sealing.state !== "idle") map = await inspect();

      expect(map.messages).toBe(MESSAGES);
      expect(map.hot.messages).toBeLessThan(1000);
      expect(map.segments.count).toBeGreaterThan(10);
      expect(await run(["read", "million"], server.url)).toBe(sent);
      await inspect();
      expect(samples.length).toBeGreaterThan(20);
      expect(Math.max(...samples.map(({ hot }) => hot.bytes))).toBeLessThan(HOT_MAX_BYTES);
      expect(Math.max(...samples.map(({ rss }) => rss))).toBeLessThan(RSS_MAX_BYTES);
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
